import { describe, expect, it } from 'vitest'
import { keepRecords } from '../../../runtime/protocol/batch-filter.ts'
import { setBaseOffset } from '../../../runtime/protocol/batch-header.ts'
import { compressionTypes } from '../../../runtime/protocol/compression.ts'
import { CorruptRecordError } from '../../../runtime/protocol/protocol-error.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'

describe.each(compressionTypes)('a filtered batch: %s', compression => {
  const writer = new RecordBatchWriter()
  for (let i = 0; i < 10; i++) writer.add(1000 - i, Buffer.from(`k${i}`), Buffer.from(`v${i}`))
  const original = Buffer.concat([
    Buffer.from('before'),
    writer.finish({ compression, producerId: 5, producerEpoch: 1, baseSequence: 70 }),
  ])
  setBaseOffset(original, 6, 100)
  const reader = new RecordBatchReader()

  it('keeps offsets, times and producer of the records that stay', () => {
    reader.read(original, 6)
    const kept = keepRecords(original, 6, reader, i => i === 2 || i === 7)
    expect(reader.read(kept)).toBe(kept.length)
    expect([reader.count, reader.offset(0), reader.offset(1), reader.lastOffset]).toEqual([2, 102, 107, 109])
    expect([reader.timestamp(0), reader.timestamp(1)]).toEqual([998, 993])
    expect(reader.value(1)!.toString()).toBe('v7')
    expect(reader).toMatchObject({ compression, producerId: 5, producerEpoch: 1, baseSequence: 70 })
  })

  it('may be empty', () => {
    reader.read(original, 6)
    const empty = keepRecords(original, 6, reader, () => false)
    expect(empty).toHaveLength(61)
    expect(reader.read(empty)).toBe(61)
    expect([reader.count, reader.baseOffset, reader.lastOffset, reader.producerId]).toEqual([0, 100, 109, 5])
  })

  it('is not made of another batch', () => {
    reader.read(original, 6)
    const other = Buffer.from(original)
    setBaseOffset(other, 6, 5)
    expect(() => keepRecords(other, 6, reader, () => true)).toThrow(CorruptRecordError)
  })
})
