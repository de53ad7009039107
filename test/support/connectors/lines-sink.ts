import { appendFileSync } from 'node:fs'
import { c, DataError, defineSink, pause, RetriableError } from 'millrace'

/** Appends `topic-partition@offset value` to a file, and does what certain values tell it. */
export default defineSink({
  class: 'test.LinesSinkConnector',
  version: '1.0.0',
  doc: 'Writes one line per record; for tests of tasks.',
  config: {
    'output.file': c.string('Where the lines go.'),
    'throw.on': c.string('A record with this value fails the task.', { default: '' }),
    'reject.on': c.string('A record with this value is refused alone.', { default: '' }),
    'retry.on': c.string('A batch with this value is refused for now.', { default: '' }),
    'retry.times': c.int('How often it is refused.', { default: 2 }),
    'slow.ms': c.int('How long every batch takes.', { default: 0 }),
    'hang.on': c.string('A batch with this value takes for ever.', { default: '' }),
  },
  async open(config, ctx) {
    let refused = 0
    const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
    return {
      async write(batch) {
        const lines: string[] = []
        for (const record of batch) {
          const value = shown(record.value)
          if (value === config.throwOn) throw new Error(`cannot write ${value}`)
          if (value === config.hangOn) await new Promise(() => {})
          if (value === config.retryOn && refused++ < config.retryTimes)
            throw new RetriableError('503 slow down', { retryAfterMs: 10 })
          if (value === config.rejectOn) {
            ctx.reject(record, new DataError(`refuses ${value}`))
            continue
          }
          const { topic, partition, offset } = record.original
          lines.push(`${topic}-${partition}@${offset} ${value}\n`)
        }
        if (config.slowMs > 0 && batch.length > 0) await pause(config.slowMs, ctx.signal)
        if (lines.length > 0) appendFileSync(config.outputFile, lines.join(''))
      },
    }
  },
})
