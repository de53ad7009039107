import { RecordBatchWriter } from '../../protocol/record-batch-writer.ts'

/** Writers keep their buffers: a batch is written into memory that was used before. */
export class WriterPool {
  readonly #free: RecordBatchWriter[] = []
  readonly #capacity: number
  readonly #maxCapacity: number
  readonly #maxFree: number

  /** `batchSize`: what a batch usually grows to; `maxBytes`: what the pool itself holds at most. */
  constructor(batchSize: number, maxBytes: number) {
    // Room for the record that makes the batch full.
    this.#capacity = Math.min(64 * 1024, 2 ** Math.ceil(Math.log2(Math.max(batchSize, 1024))))
    this.#maxCapacity = Math.max(batchSize * 4, 256 * 1024)
    this.#maxFree = Math.max(1, Math.floor(maxBytes / Math.max(batchSize, this.#capacity)))
  }

  take(): RecordBatchWriter {
    return this.#free.pop() ?? new RecordBatchWriter(this.#capacity)
  }

  /** Nobody reads what `finish` gave any more. */
  give(writer: RecordBatchWriter): void {
    if (writer.buf.length > this.#maxCapacity || this.#free.length >= this.#maxFree) return
    writer.reset()
    this.#free.push(writer)
  }
}
