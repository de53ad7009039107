import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanable, cleanLog } from '../../../../runtime/broker/log/cleaner.ts'
import type { PartitionLog } from '../../../../runtime/broker/log/partition-log.ts'
import { endTransactionBatch } from '../../../../runtime/protocol/control-records.ts'
import { RecordBatchReader } from '../../../../runtime/protocol/record-batch-reader.ts'
import { batchOf, openLog, START, tempFolder, testParts } from '../log-folder.ts'

const admit = () => {}

/** One producer with one transaction at a time. */
class Writer {
  readonly #log: PartitionLog
  readonly #producerId: number
  #sequence = 0

  constructor(log: PartitionLog, producerId: number) {
    this.#log = log
    this.#producerId = producerId
  }

  async write(...values: (readonly [key: string, value: string | null])[]): Promise<void> {
    const options = {
      transactional: true,
      producerId: this.#producerId,
      producerEpoch: 0,
      baseSequence: this.#sequence,
    }
    this.#sequence += values.length
    const records = values.map(([key, value]) => ({ key, value }))
    await this.#log.append(batchOf(records, options), admit)
  }

  async end(committed: boolean): Promise<void> {
    const marker = { committed, producerId: this.#producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: START }
    await this.#log.appendOwn(endTransactionBatch(marker))
  }
}

interface Seen {
  readonly values: string[]
  readonly markers: number
  readonly aborted: number
}

/** As a reader of committed records, in small fetches. */
async function committed(log: PartitionLog, from = log.startOffset): Promise<Seen> {
  const values: string[] = []
  const reader = new RecordBatchReader()
  let [markers, abortedSeen] = [0, 0]
  for (let next = from; ; ) {
    const slice = await log.readCommitted(next, 300, true)
    if (slice === null) return { values, markers, aborted: abortedSeen }
    const waiting = [...slice.aborted]
    abortedSeen += waiting.length
    const leaveOut = new Set<number>()
    for (let at = 0; at < slice.records.length; ) {
      at = reader.read(slice.records, at)
      while (waiting.length > 0 && waiting[0]!.firstOffset <= reader.lastOffset) {
        leaveOut.add(waiting.shift()!.producerId)
      }
      next = reader.lastOffset + 1
      if (reader.isControl) {
        markers++
        leaveOut.delete(reader.producerId)
      } else if (!reader.isTransactional || !leaveOut.has(reader.producerId)) {
        for (let i = 0; i < reader.count; i++) values.push(`${reader.key(i)}=${reader.value(i) ?? ''}`)
      }
    }
    slice.release()
  }
}

describe('transactions in a log', () => {
  test('hold readers back while open; a restart, clean or not, knows them all', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder)
    const [one, other] = [new Writer(log, 1), new Writer(log, 2)]
    await one.write(['a', '1'])
    await one.end(true)
    await other.write(['b', '2'])
    await one.write(['c', '3'])
    await one.end(false)
    const check = async () => {
      expect(log.lastStableOffset).toBe(2)
      expect((await committed(log)).values).toEqual(['a=1'])
      expect(log.transactions.abortedIn(0, 99)).toEqual([{ producerId: 1, firstOffset: 3, markerOffset: 4 }])
    }
    await check()
    // As a crash leaves it: without a checkpoint.
    await log.close({ save: false })
    log = await openLog(folder)
    await check()
    await log.close({ save: true })
    log = await openLog(folder)
    await check()
    await new Writer(log, 2).end(true)
    expect((await committed(log)).values).toEqual(['a=1', 'b=2'])
    expect(log.lastStableOffset).toBe(log.endOffset)
    await log.close({ save: true })
  })

  test('a batch is judged, and without a judge refused', async () => {
    const log = await openLog(await tempFolder())
    const batch = () =>
      batchOf([{ value: 'x' }], { transactional: true, producerId: 1, producerEpoch: 0, baseSequence: 0 })
    const refuse = () => {
      throw new Error('not now')
    }
    expect(() => log.append(batch())).toThrow(/no transaction is open/)
    expect(() => log.append(batch(), refuse)).toThrow(/not now/)
    expect(log.endOffset).toBe(0)
    await log.close({ save: false })
  })

  test('a marker with a newer epoch fences batches of the older, over restarts too', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder)
    await new Writer(log, 1).write(['a', '1'])
    const marker = { committed: false, producerId: 1, producerEpoch: 1, coordinatorEpoch: 0, timestamp: START }
    await log.appendOwn(endTransactionBatch(marker))
    const late = () =>
      batchOf([{ value: 'x' }], { transactional: true, producerId: 1, producerEpoch: 0, baseSequence: 1 })
    expect(() => log.append(late(), admit)).toThrow(/epoch 1, the batch has 0/)
    await log.close({ save: true })
    log = await openLog(folder)
    expect(() => log.append(late(), admit)).toThrow(/epoch 1, the batch has 0/)
    await log.close({ save: true })
  })

  test('compaction takes what was aborted, keeps what it hid, and lets markers go when nothing is left', async () => {
    const parts = testParts()
    const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '1024', 'delete.retention.ms': '1000' }
    const folder = await tempFolder()
    let log = await openLog(folder, configs, parts)
    const clean = () =>
      log.exclusive(() =>
        cleanLog(log, { now: parts.clock.now(), monotonic: parts.clock.monotonic(), maxKeyBytes: 1e6 }),
      )
    const [one, other] = [new Writer(log, 1), new Writer(log, 2)]
    await one.write(['kept', 'old'])
    await one.end(true)
    for (let i = 0; i < 30; i++) {
      await one.write(['kept', 'never'], ['new', 'never'])
      await one.end(false)
      await other.write(['count', String(i)])
      await other.end(true)
    }
    const fill = async () => {
      for (let i = 0; i < 12; i++) await log.append(batchOf([{ key: 'filler', value: 'x'.repeat(200) }]))
    }
    await fill()
    await clean()
    const once = await committed(log)
    expect(once.values.filter(v => !v.startsWith('filler'))).toEqual(['kept=old', 'count=29'])
    parts.clock.time += 2000
    await fill()
    await clean()
    const twice = await committed(log)
    expect(twice.values.filter(v => !v.startsWith('filler'))).toEqual(['kept=old', 'count=29'])
    // Of what stays: the marker of `kept` and of `count`, and of the last batch of the producer that only aborted.
    expect([once.markers, twice.markers]).toEqual([61, 3])
    await log.close({ save: false })
    log = await openLog(folder, configs, parts)
    expect((await committed(log)).values.filter(v => !v.startsWith('filler'))).toEqual(['kept=old', 'count=29'])
    expect(log.lastStableOffset).toBe(log.endOffset)
    await log.close({ save: true })
  })

  test('compaction stays below an open transaction', async () => {
    const parts = testParts()
    const log = await openLog(await tempFolder(), { 'cleanup.policy': 'compact', 'segment.bytes': '1024' }, parts)
    await new Writer(log, 1).write(['open', '1'])
    for (let i = 0; i < 30; i++) await log.append(batchOf([{ key: 'k', value: 'x'.repeat(100) }]))
    expect(cleanable(log, parts.clock.now()).segments).toEqual([])
    await new Writer(log, 1).end(true)
    expect(cleanable(log, parts.clock.now()).segments.length).toBeGreaterThan(2)
    await log.close({ save: false })
  })

  test('any mix of transactions reads as its commits say, after compaction and restart too', async () => {
    const step = fc.record({
      who: fc.integer({ min: 1, max: 3 }),
      what: fc.constantFrom('write', 'write', 'write', 'commit', 'abort', 'plain', 'clean', 'restart'),
      key: fc.constantFrom('a', 'b', 'c'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120 }), async steps => {
        const parts = testParts()
        const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '1024', 'delete.retention.ms': '0' }
        const folder = await tempFolder()
        let log = await openLog(folder, configs, parts)
        let writers = new Map<number, Writer>()
        // What is open, by producer, and the table of committed values: the last offset wins, not the last commit.
        const open = new Map<number, { key: string; value: number }[]>()
        const done = new Map<string, number>()
        const apply = (key: string, value: number) => {
          if (value > (done.get(key) ?? -1)) done.set(key, value)
        }
        let value = 0
        for (const { who, what, key } of steps) {
          if (!writers.has(who)) writers.set(who, new Writer(log, who * 1000 + value))
          if (what === 'write') {
            await writers.get(who)!.write([key, String(++value)])
            open.set(who, [...(open.get(who) ?? []), { key, value }])
          } else if (what === 'plain') {
            await log.append(batchOf([{ key, value: String(++value) }]))
            apply(key, value)
          } else if (what === 'clean') {
            parts.clock.time += 10
            await log.exclusive(() => cleanLog(log, { now: parts.clock.now(), monotonic: 0, maxKeyBytes: 1e6 }))
          } else if (what === 'restart') {
            for (const [id, list] of open) {
              await writers.get(id)!.end(true)
              for (const entry of list) apply(entry.key, entry.value)
            }
            open.clear()
            await log.close({ save: value % 2 === 0 })
            log = await openLog(folder, configs, parts)
            writers = new Map()
          } else {
            await writers.get(who)!.end(what === 'commit')
            if (what === 'commit') for (const entry of open.get(who) ?? []) apply(entry.key, entry.value)
            open.delete(who)
          }
        }
        for (const id of open.keys()) await writers.get(id)!.end(false)
        const table = new Map<string, number>()
        for (const line of (await committed(log)).values) {
          const [key = '', number] = line.split('=')
          table.set(key, Number(number))
        }
        expect(table).toEqual(done)
        await log.close({ save: false })
      }),
      { numRuns: 60 },
    )
  })
})
