import { RecordBatchReader } from '../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../runtime/protocol/record-batch-writer.ts'

export interface RecordBatchFigure {
  readonly leg: 'encode bytes' | 'encode text in place' | 'decode' | 'decode, values sliced'
  readonly valueBytes: number
  /** CPU seconds (user and system) per million records; the median of the rounds. */
  readonly cpuSecondsPerMillion: number
}

const BATCH_BYTES = 1 << 20

/** Encodes and decodes record batches of about 1 MiB, keys of 8 bytes, checksum included, in this thread. */
export function benchRecordBatch(recordsPerRound = 500_000, rounds = 5): RecordBatchFigure[] {
  return [100, 300, 1000].flatMap(valueBytes => {
    const perBatch = Math.floor(BATCH_BYTES / (valueBytes + 20))
    const batches = Math.ceil(recordsPerRound / perBatch)
    const legs = makeLegs(valueBytes, perBatch)
    return legs.map(({ leg, run }) => {
      const times: number[] = []
      // One round more than counted: the first warms up.
      for (let round = 0; round <= rounds; round++) {
        const before = process.cpuUsage()
        let seen = 0
        for (let i = 0; i < batches; i++) seen += run()
        const { user, system } = process.cpuUsage(before)
        if (seen !== batches * perBatch) throw new Error(`${leg}: ${seen} records instead of ${batches * perBatch}`)
        if (round > 0) times.push((user + system) / seen)
      }
      times.sort((a, b) => a - b)
      return { leg, valueBytes, cpuSecondsPerMillion: times[times.length >> 1]! }
    })
  })
}

function makeLegs(valueBytes: number, perBatch: number): { leg: RecordBatchFigure['leg']; run: () => number }[] {
  const writer = new RecordBatchWriter(2 * BATCH_BYTES)
  const reader = new RecordBatchReader()
  const value = Buffer.alloc(valueBytes, '{"id":1,"name":"some text"}')
  const text = value.toString('latin1')
  const key = Buffer.from('key-0042')
  const start = 1_700_000_000_000
  const encodeBytes = (): number => {
    writer.reset()
    for (let i = 0; i < perBatch; i++) writer.add(start + (i >> 6), key, value)
    writer.finish()
    return writer.count
  }
  encodeBytes()
  const batch = Buffer.from(writer.finish())
  return [
    { leg: 'encode bytes', run: encodeBytes },
    {
      leg: 'encode text in place',
      run() {
        writer.reset()
        for (let i = 0; i < perBatch; i++) {
          writer.beginRecord(start + (i >> 6), key)
          writer.reserve(valueBytes)
          writer.pos += writer.buf.write(text, writer.pos, 'latin1')
          writer.endRecord(true, null)
        }
        writer.finish()
        return writer.count
      },
    },
    {
      leg: 'decode',
      run() {
        reader.read(batch)
        return reader.count
      },
    },
    {
      leg: 'decode, values sliced',
      run() {
        reader.read(batch)
        let bytes = 0
        for (let i = 0; i < reader.count; i++) bytes += reader.value(i)!.length
        return bytes / valueBytes
      },
    },
  ]
}
