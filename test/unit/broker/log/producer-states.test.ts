import { describe, expect, test } from 'vitest'
import { ProducerStates } from '../../../../runtime/broker/log/producer-states.ts'
import type { BatchHeader } from '../../../../runtime/protocol/batch-header.ts'

const MAX = 0x7fff_ffff

const batch = (baseSequence: number, count = 1, producerEpoch = 0, producerId = 1): BatchHeader => ({
  baseOffset: 0,
  lastOffset: count - 1,
  sizeInBytes: 100,
  partitionLeaderEpoch: -1,
  attributes: 0,
  compression: 'none',
  isTransactional: false,
  isControl: false,
  isLogAppendTime: false,
  baseTimestamp: 0,
  maxTimestamp: 0,
  producerId,
  producerEpoch,
  baseSequence,
  count,
})

/** What happens to each batch of a row, sent one after another: its offset, the offset of the first time, or why not. */
function outcomes(batches: readonly BatchHeader[], states = new ProducerStates()): (number | string)[] {
  let next = 0
  return batches.map(header => {
    try {
      const known = states.check(header)
      if (known !== null) return `again ${known.baseOffset}`
    } catch (error) {
      return (error as { kafkaCode: string }).kafkaCode
    }
    states.add(header, next, 1000)
    next += header.count
    return next - header.count
  })
}

describe('sequences of idempotent producers', () => {
  const cases: [string, BatchHeader[], (number | string)[]][] = [
    ['in order', [batch(0, 3), batch(3), batch(4, 2)], [0, 3, 4]],
    ['again', [batch(0, 3), batch(0, 3), batch(3), batch(0, 3)], [0, 'again 0', 3, 'again 0']],
    ['a gap', [batch(0), batch(2), batch(1)], [0, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 1]],
    ['cut otherwise than the first time', [batch(0, 3), batch(0, 2)], [0, 'OUT_OF_ORDER_SEQUENCE_NUMBER']],
    [
      'further back than five batches',
      [...[0, 1, 2, 3, 4, 5].map(s => batch(s)), batch(1), batch(0)],
      [0, 1, 2, 3, 4, 5, 'again 1', 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    ],
    ['around the end of the numbers', [batch(MAX - 1, 3), batch(1), batch(MAX - 1, 3)], [0, 3, 'again 0']],
    ['up to the very end', [batch(MAX), batch(0), batch(1)], [0, 1, 2]],
    ['an unknown producer in the middle', [batch(77), batch(78)], [0, 1]],
    ['a new epoch', [batch(0), batch(1), batch(0, 1, 1), batch(1, 1, 1)], [0, 1, 2, 3]],
    ['a new epoch that does not begin at 0', [batch(0), batch(1, 1, 1)], [0, 'OUT_OF_ORDER_SEQUENCE_NUMBER']],
    ['an old epoch', [batch(0, 1, 1), batch(0, 1, 0)], [0, 'INVALID_PRODUCER_EPOCH']],
    ['two producers', [batch(0), batch(0, 1, 0, 2), batch(1), batch(1, 1, 0, 2)], [0, 1, 2, 3]],
  ]
  test.each(cases)('%s', (_, batches, expected) => expect(outcomes(batches)).toEqual(expected))

  test('are forgotten after a long silence', () => {
    const states = new ProducerStates()
    outcomes([batch(0)], states)
    states.expire(1000)
    expect(states.size).toBe(1)
    states.expire(1001)
    expect(states.size).toBe(0)
  })

  test('survive as a snapshot, without what is not written yet', () => {
    const states = new ProducerStates()
    outcomes([batch(0, 3), batch(3), batch(4)], states)
    const restored = new ProducerStates()
    restored.restore(JSON.parse(JSON.stringify(states.snapshot(4))))
    expect(restored.check(batch(3))).toMatchObject({ baseOffset: 3 })
    expect(restored.check(batch(4))).toBe(null)
    expect(restored.isLastBatch(1, 3)).toBe(true)
    expect(restored.isLastBatch(1, 4)).toBe(false)
  })
})
