import { describe, expect, it } from 'vitest'
import { setBaseOffset, setLeaderEpoch } from '../../../runtime/protocol/batch-header.ts'
import { controlType, endTransactionBatch } from '../../../runtime/protocol/control-records.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'

const marker = { producerId: 4001, producerEpoch: 7, coordinatorEpoch: 12, timestamp: 1_700_000_000_000 }

describe('a marker', () => {
  it('is, byte for byte, what Kafka writes', () => {
    const batch = endTransactionBatch({ ...marker, committed: true })
    setBaseOffset(batch, 0, 77)
    setLeaderEpoch(batch, 0, 3)
    expect(batch.toString('base64')).toBe(
      'AAAAAAAAAE0AAABCAAAAAwJzEAKnADAAAAAAAAABi8/laAAAAAGLz+VoAAAAAAAAAA+hAAf/////AAAAASAAAAAIAAAAAQwAAAAAAAwA',
    )
  })

  it.each([
    [true, 'commit'],
    [false, 'abort'],
  ])('committed: %s is read as %s', (committed, type) => {
    const reader = new RecordBatchReader()
    reader.read(endTransactionBatch({ ...marker, committed }))
    expect(reader).toMatchObject({
      isControl: true,
      isTransactional: true,
      producerId: 4001,
      producerEpoch: 7,
      baseSequence: -1,
    })
    expect(controlType(reader.key(0)!)).toBe(type)
  })

  it('of another kind concerns no client', () => {
    expect(controlType(Buffer.from([0, 0, 0, 2]))).toBe('other')
    expect(() => controlType(Buffer.from([0, 0]))).toThrow(ProtocolError)
  })
})
