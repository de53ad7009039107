import type { Delivery, Producer } from '../../../runtime/kafka/ports.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'

export interface Produced {
  readonly partition: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('utf8'))

/** Keeps what is appended in real batches; nothing is ever sent. */
export class FakeProducer implements Producer {
  readonly #partitions: number
  readonly #writers = new Map<string, RecordBatchWriter>()
  readonly prepared: string[] = []
  readonly deliveries: Delivery[] = []
  readonly bufferedBytes = 0
  sends = 0
  flushes = 0

  constructor(partitions = 3) {
    this.#partitions = partitions
  }

  async prepare(topics: Iterable<string>): Promise<void> {
    this.prepared.push(...topics)
  }

  partitionCount(topic: string): number | undefined {
    return this.prepared.includes(topic) ? this.#partitions : undefined
  }

  stickyPartition(): number {
    return 2
  }

  open(topic: string, partition: number): RecordBatchWriter {
    const place = `${topic}-${partition}`
    let writer = this.#writers.get(place)
    if (writer === undefined) this.#writers.set(place, (writer = new RecordBatchWriter(128)))
    return writer
  }

  appended(_topic: string, _partition: number, delivery: Delivery): void {
    this.deliveries.push(delivery)
  }

  send(): void {
    this.sends++
  }

  async ready(): Promise<void> {}

  async flush(): Promise<void> {
    this.flushes++
  }

  async close(): Promise<void> {}

  /** What is in the topic's batches, partition by partition. */
  records(topic: string): Produced[] {
    const records: Produced[] = []
    for (let partition = 0; partition < this.#partitions; partition++) {
      const writer = this.#writers.get(`${topic}-${partition}`)
      if (writer === undefined || writer.count === 0) continue
      const reader = new RecordBatchReader()
      reader.read(writer.finish())
      for (let index = 0; index < reader.count; index++)
        records.push({
          partition,
          timestamp: reader.timestamp(index),
          key: text(reader.key(index)),
          value: text(reader.value(index)),
          headers: reader.headers(index).map(({ key, value }) => ({ key, value: text(value) })),
        })
    }
    return records
  }
}
