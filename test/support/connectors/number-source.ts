import { appendFileSync } from 'node:fs'
import { ConnectError, c, defineSource, pause, RetriableError, type SourceRecord, s } from 'millrace'

/** Numbers from 0 on, resumed at the stored offset. Each can be told to go wrong. */
export default defineSource({
  class: 'test.NumberSourceConnector',
  version: '1.0.0',
  doc: 'Produces numbers in order; for tests of tasks.',
  config: {
    topic: c.string('Where they go.', { default: 'numbers' }),
    count: c.int('How many there are.', { default: 10 }),
    batch: c.int('How many make a batch.', { default: 3 }),
    'pause.ms': c.int('How long to wait between batches.', { default: 0 }),
    'partition.by': c.int('Source partitions the numbers are dealt out to.', { default: 1 }),
    'bad.value.at': c.int('This number does not fit its schema.', { default: -1 }),
    'bad.timestamp.at': c.int('This number has an impossible timestamp.', { default: -1 }),
    'throw.at': c.int('Reading fails here.', { default: -1 }),
    'retriable.at': c.int('Reading fails here, once.', { default: -1 }),
    'throw.later': c.boolean('Something is thrown in a timer.', { default: false }),
    'block.at': c.int('Blocks its thread here.', { default: -1 }),
    'exit.at': c.int('Ends its thread here.', { default: -1 }),
    'commit.every': c.int('A transaction ends behind so many, where the connector may say so.', { default: 0 }),
    'abort.at': c.int('The transaction that ends with this number is aborted.', { default: -1 }),
    'committed.file': c.string('Where committed offsets are noted.', { default: '' }),
  },
  exactlyOnce: () => true,
  endsTransactions: true,
  async open(config, ctx) {
    const parts = Array.from({ length: config.partitionBy }, (_, part) => ({ part }))
    const stored = await ctx.offsets(parts)
    const next = parts.map((_, part) => Number(stored[part]?.['next'] ?? part))
    let failed = false
    const record = (number: number): SourceRecord => ({
      topic: config.topic,
      key: null,
      valueSchema: s.int32(),
      value: number === config.badValueAt ? 'not a number' : number,
      timestamp: number === config.badTimestampAt ? -7 : null,
      sourcePartition: parts[number % config.partitionBy]!,
      sourceOffset: { next: number + config.partitionBy },
    })
    const checkTrouble = (number: number): void => {
      if (number === config.throwAt) throw new ConnectError(`the table is gone at ${number}`)
      if (number === config.blockAt) for (;;);
      if (number === config.exitAt) process.exit(9)
      if (number !== config.retriableAt || failed) return
      failed = true
      throw new RetriableError('the server restarts', { retryAfterMs: 20 })
    }
    if (config.throwLater)
      setTimeout(() => {
        throw new Error('thrown in a timer of the source')
      }, 5)
    return {
      async *read() {
        while (!ctx.signal.aborted) {
          const batch: SourceRecord[] = []
          for (let number = Math.min(...next); number < config.count && batch.length < config.batch; number++) {
            // What lies before the trouble is handed over first.
            const trouble = [config.throwAt, config.retriableAt, config.blockAt, config.exitAt].includes(number)
            if (trouble && batch.length > 0) break
            checkTrouble(number)
            const made = record(number)
            batch.push(made)
            if (number === config.abortAt) ctx.transactions?.abortAfter(made)
            else if ((number + 1) % config.commitEvery === 0) ctx.transactions?.commitAfter(made)
            next[number % config.partitionBy] = number + config.partitionBy
          }
          if (batch.length > 0) yield batch
          await pause(batch.length > 0 ? config.pauseMs : 10, ctx.signal)
        }
      },
      committed(offsets) {
        if (config.committedFile === '' || offsets.length === 0) return
        appendFileSync(config.committedFile, `${JSON.stringify(offsets)}\n`)
      },
    }
  },
})
