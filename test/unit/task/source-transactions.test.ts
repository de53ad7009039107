import { describe, expect, it } from 'vitest'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { KafkaProtocolError } from '../../../runtime/protocol/error-codes.ts'
import { Activity } from '../../../runtime/task/activity.ts'
import { SourceTransactions, type TransactionBoundary } from '../../../runtime/task/source-transactions.ts'
import { SubmittedRecords } from '../../../runtime/task/submitted-records.ts'
import { TransactionAsks } from '../../../runtime/task/transaction-asks.ts'
import { SourceTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'

const record = (position: number): SourceRecord => ({
  topic: 't',
  value: position,
  sourcePartition: { p: 'a' },
  sourceOffset: { position },
})

const setup = (boundary: TransactionBoundary, requests = new TransactionAsks()) => {
  let now = 0
  const events: string[] = []
  const ledger = new SubmittedRecords(() => 'fail')
  let flushed: Promise<void> = Promise.resolve()
  const waiting: (() => void)[] = []
  let failure: Error | undefined
  const cancelled = new AbortController()
  const transactions = new SourceTransactions(
    {
      boundary,
      requests,
      commit: async offsets => {
        await flushed
        if (failure !== undefined) throw failure
        for (const acknowledge of waiting.splice(0)) acknowledge()
        events.push(`commit ${offsets.map(({ offset }) => offset?.['position']).join(',')}`)
      },
      abort: async () => void events.push('abort'),
      task: {
        committed: offsets => void events.push(`told ${offsets.map(({ offset }) => offset['position']).join(',')}`),
      },
      activity: new Activity(),
      metrics: new SourceTaskMetrics(),
      clock: { now: () => now, monotonic: () => now },
      cancelled: cancelled.signal,
    },
    ledger,
  )
  const append = (...positions: number[]) =>
    transactions.batch(positions.map(record), async part => {
      events.push(`append ${part.map(({ value }) => value).join(',')}`)
      ledger.beginBatch()
      for (const each of part) {
        const delivery = ledger.submit(each)
        waiting.push(() => delivery.acknowledged(1, 't', 0))
      }
    })
  return {
    transactions,
    requests,
    events,
    append,
    cancelled,
    pass: (ms: number) => (now += ms),
    hold: (until: Promise<void>) => (flushed = until),
    fail: (error: Error) => (failure = error),
  }
}

describe('SourceTransactions', () => {
  it('boundary poll: a batch and its offset at a time, and the source is told', async () => {
    const { append, events } = setup({ kind: 'poll' })
    await append(1, 2)
    await append(3)
    expect(events).toEqual(['append 1,2', 'commit 2', 'told 2', 'append 3', 'commit 3', 'told 3'])
  })

  it('boundary interval: with the first batch after it, or by the clock when the source is idle', async () => {
    const { append, events, pass, transactions } = setup({ kind: 'interval', ms: 100 })
    await append(1)
    pass(50)
    await append(2)
    await transactions.tick()
    expect(events).toEqual(['append 1', 'append 2'])
    pass(50)
    await append(3)
    expect(events.slice(2)).toEqual(['append 3', 'commit 3', 'told 3'])
    await append(4)
    pass(100)
    await transactions.tick()
    expect(events.slice(5)).toEqual(['append 4', 'commit 4', 'told 4'])
  })

  it('a batch waits for a commit under way: none is split over two transactions', async () => {
    const { append, events, pass, hold, transactions } = setup({ kind: 'interval', ms: 10 })
    await append(1)
    const gate = deferred()
    hold(gate.promise)
    pass(10)
    const ticking = transactions.tick()
    const second = append(2)
    await Promise.resolve()
    expect(events).toEqual(['append 1'])
    gate.resolve()
    await Promise.all([ticking, second])
    expect(events).toEqual(['append 1', 'commit 1', 'told 1', 'append 2'])
  })

  it('boundary connector: where it asks, in the middle of a batch too', async () => {
    const { requests, append, events, transactions } = setup({ kind: 'connector' })
    await append(1)
    const batch = [record(2), record(3), record(4)]
    requests.commitAfter(batch[1]!)
    await transactions.batch(batch, async part => void events.push(`append ${part.map(r => r.value).join(',')}`))
    expect(events).toEqual(['append 1', 'append 2,3', 'commit 1', 'told 1', 'append 4'])
    requests.commit()
    await append(5)
    expect(events.slice(5)).toEqual(['append 5', 'commit 5', 'told 5'])
  })

  it('what the connector aborts is not seen, and not read again', async () => {
    const { requests, append, events } = setup({ kind: 'connector' })
    requests.abort()
    await append(1, 2)
    expect(events).toEqual(['append 1,2', 'abort', 'commit 2', 'told 2'])
  })

  it('the last commit is made where the boundary is ours only', async () => {
    const ours = setup({ kind: 'interval', ms: 1000 })
    await ours.append(1)
    await ours.transactions.last()
    expect(ours.events).toEqual(['append 1', 'commit 1', 'told 1'])
    const theirs = setup({ kind: 'connector' })
    await theirs.append(1)
    await theirs.transactions.last()
    expect(theirs.events).toEqual(['append 1'])
  })

  it('a failed commit says why, and nobody is told', async () => {
    const { append, events, fail } = setup({ kind: 'poll' })
    fail(new KafkaProtocolError('INVALID_PRODUCER_EPOCH'))
    await expect(append(1)).rejects.toThrow(/Failed to flush offsets and\/or records: .*transaction\.timeout\.ms/)
    expect(events).toEqual(['append 1'])
  })

  it('a task that was given up commits nothing', async () => {
    const { append, events, cancelled } = setup({ kind: 'poll' })
    cancelled.abort()
    await append(1)
    expect(events).toEqual(['append 1'])
  })
})
