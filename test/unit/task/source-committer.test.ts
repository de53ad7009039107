import { describe, expect, it } from 'vitest'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { Activity } from '../../../runtime/task/activity.ts'
import { SourceCommitter, type SourceCommitterParts } from '../../../runtime/task/source-committer.ts'
import { SubmittedRecords } from '../../../runtime/task/submitted-records.ts'
import { SourceTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const record = (position: number): SourceRecord => ({
  topic: 't',
  value: null,
  sourcePartition: { p: 'a' },
  sourceOffset: { position },
})

const setup = (overrides: Partial<SourceCommitterParts> = {}) => {
  const ledger = new SubmittedRecords(() => 'fail')
  const told: unknown[][] = []
  const stored: unknown[][] = []
  const activity = new Activity()
  const cancel = new AbortController()
  const committer = new SourceCommitter({
    ledger,
    store: async offsets => void stored.push(offsets.map(({ offset }) => offset?.['position'])),
    task: { committed: offsets => void told.push(offsets.map(({ offset }) => offset['position'])) },
    activity,
    metrics: new SourceTaskMetrics(),
    log: recordingLog(),
    clock: systemClock,
    flushTimeoutMs: 20,
    cancelled: cancel.signal,
    ...overrides,
  })
  return { ledger, told, stored, activity, cancel, committer }
}

describe('SourceCommitter', () => {
  it('tells again what the source failed to take', async () => {
    let fail = true
    const told: unknown[] = []
    const { ledger, stored, committer, activity } = setup({
      task: {
        committed(offsets) {
          if (fail) throw new Error('slot is gone')
          told.push(...offsets.map(({ offset }) => offset['position']))
        },
      },
    })
    ledger.dropped(record(1))
    expect(await committer.commit()).toBe(false)
    expect(activity.describe()).toContain('slot is gone')
    fail = false
    expect(await committer.commit()).toBe(true)
    expect(stored).toEqual([[1], [1]])
    expect(told).toEqual([1])
    expect(activity.describe()).toBeUndefined()
  })

  it('lets a late cycle end, and begins no other before', async () => {
    const gate = deferred()
    const { ledger, told, committer } = setup({ store: () => gate.promise })
    ledger.dropped(record(1))
    expect(await committer.commit()).toBe(false)
    expect(await committer.commit()).toBe(false)
    gate.resolve()
    await committer.settled()
    expect(told).toEqual([[1]])
    expect(await committer.commit()).toBe(true)
    expect(told).toEqual([[1], []])
  })

  it('neither stores nor tells after the task was given up', async () => {
    const { ledger, told, stored, cancel, committer } = setup()
    ledger.dropped(record(1))
    cancel.abort()
    await committer.commit()
    expect([told, stored]).toEqual([[], []])
  })

  it('tells nothing that became durable only after the task was given up', async () => {
    const gate = deferred()
    const { ledger, told, cancel, committer } = setup({ store: () => gate.promise })
    ledger.dropped(record(1))
    const commit = committer.commit()
    cancel.abort()
    gate.resolve()
    await commit
    expect(told).toEqual([])
  })

  it('throws for an offset that cannot be stored', async () => {
    const { ledger, committer } = setup()
    ledger.dropped({ ...record(1), sourceOffset: undefined as never })
    await expect(committer.commit()).rejects.toThrow('is undefined, not an object')
  })
})
