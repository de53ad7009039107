import { appendFileSync } from 'node:fs'
import { c, defineSource, pause, type SourceRecord, s } from 'millrace'

/** Its tasks count, and note each beat with the run that made it: who ran what, and when. */
let runs = 0
export default defineSource({
  class: 'test.BeatingSourceConnector',
  version: '1.0.0',
  doc: 'Counts and notes who counts; for tests of clusters.',
  config: {
    topic: c.string('Where the numbers go.'),
    'beat.file': c.string('A line for each beat: task, run, milliseconds since the epoch.'),
    'beat.ms': c.int('The time between beats.', { default: 100 }),
    'busy.ms': c.int('How long each beat keeps its thread busy.', { default: 0 }),
  },
  split: (_config, maxTasks) => Array.from({ length: maxTasks }, (_, piece) => ({ piece, label: `beater ${piece}` })),
  async open(config, ctx, { piece }: { piece: number }) {
    const partition = { piece }
    const run = `${process.pid}.${runs++}`
    let next = Number((await ctx.offsets([partition]))[0]?.['next'] ?? 0)
    return {
      async *read() {
        while (!ctx.signal.aborted) {
          appendFileSync(config.beatFile, `${piece} ${run} ${Date.now()}\n`)
          for (const end = performance.now() + config.busyMs; performance.now() < end; );
          const record: SourceRecord = {
            topic: config.topic,
            key: null,
            valueSchema: s.string(),
            value: `${piece} ${next++}`,
            sourcePartition: partition,
            sourceOffset: { next },
          }
          yield [record]
          await pause(config.beatMs, ctx.signal)
        }
      },
    }
  },
})
