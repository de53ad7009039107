import { describe, expect, it } from 'vitest'
import { TransactionFilter } from '../../../../runtime/kafka/fetch/transaction-filter.ts'

describe('aborted transactions', () => {
  it('two of one producer in one answer, a commit between', () => {
    const filter = new TransactionFilter([
      { producerId: 1, firstOffset: 20 },
      { producerId: 1, firstOffset: 0 },
    ])
    expect(filter.leavesOut(1, 9, true)).toBe(true)
    filter.abortMarker(1)
    expect(filter.leavesOut(1, 19, true)).toBe(false)
    expect(filter.leavesOut(1, 29, true)).toBe(true)
    filter.abortMarker(1)
    expect(filter.leavesOut(1, 39, true)).toBe(false)
  })

  it('one that began before the answer and does not end in it', () => {
    const filter = new TransactionFilter([{ producerId: 1, firstOffset: 5 }])
    expect(filter.leavesOut(1, 100, true)).toBe(true)
    expect(filter.leavesOut(2, 101, true)).toBe(false)
    expect(filter.leavesOut(1, 200, true)).toBe(true)
  })

  it('does not touch what is no transaction, nor what lies before', () => {
    const filter = new TransactionFilter([{ producerId: 1, firstOffset: 50 }])
    expect(filter.leavesOut(1, 49, true)).toBe(false)
    expect(filter.leavesOut(1, 55, false)).toBe(false)
    expect(filter.leavesOut(1, 60, true)).toBe(true)
  })
})
