import { existsSync } from 'node:fs'
import { ConnectError, c, defineSource, pause, type SourceRecord, s } from 'millrace'

/** Numbers from 0 on; the method named by `throw.in` throws as long as the file is there. */
export default defineSource({
  class: 'test.ThrowingSourceConnector',
  version: '1.0.0',
  doc: 'Fails in one of its methods; for tests of tasks.',
  config: {
    topic: c.string('Where the numbers go.'),
    count: c.int('How many there are.'),
    'throw.in': c.string('The method that throws.', { values: ['open', 'read', 'committed', 'close'] }),
    'trouble.file': c.string('It throws while this exists.'),
  },
  async open(config, ctx) {
    const trouble = (method: string): void => {
      if (config.throwIn === method && existsSync(config.troubleFile)) throw new ConnectError(`no ${method} today`)
    }
    trouble('open')
    const partition = { part: 0 }
    let next = Number((await ctx.offsets([partition]))[0]?.['next'] ?? 0)
    return {
      async *read() {
        while (!ctx.signal.aborted) {
          // What lies before the trouble is handed over first.
          if (next >= config.count / 2) trouble('read')
          const batch: SourceRecord[] = []
          for (; next < config.count && batch.length < 7; next++)
            batch.push({
              topic: config.topic,
              key: null,
              valueSchema: s.int32(),
              value: next,
              sourcePartition: partition,
              sourceOffset: { next: next + 1 },
            })
          if (batch.length > 0) yield batch
          await pause(2, ctx.signal)
        }
      },
      committed: () => trouble('committed'),
      close: () => trouble('close'),
    }
  },
})
