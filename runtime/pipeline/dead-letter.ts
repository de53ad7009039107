import type { Log } from '../api/context.ts'
import { ConnectError, javaErrorName } from '../api/errors.ts'
import { partitionForKey } from '../kafka/partitioner.ts'
import type { Admin, Delivery, Producer } from '../kafka/ports.ts'
import { errorText } from '../telemetry/log.ts'
import type { ErrorCounters } from '../telemetry/metrics-task.ts'
import type { ConsumedRecord, FailedRecord, Stage } from './stage.ts'
import type { DeadLetters } from './tolerance.ts'

export interface DeadLetterParts {
  readonly topic: string
  /** `errors.deadletterqueue.context.headers.enable` */
  readonly contextHeaders: boolean
  readonly connector: string
  readonly task: number
  readonly producer: Producer
  readonly counters: ErrorCounters
  readonly log: Log
  readonly now: () => number
}

const prefix = '__connect.errors.'

/** Creates the queue's topic with one partition unless it exists. */
export const ensureDeadLetterTopic = async (
  admin: Pick<Admin, 'createTopics'>,
  topic: string,
  replicationFactor: number,
): Promise<void> => {
  try {
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor }])
  } catch (cause) {
    throw new ConnectError(`Could not initialize dead letter queue with topic=${topic}`, { cause })
  }
}

/**
 * Writes records that were given up to a topic as they were consumed, with headers that say why. A letter that cannot be
 * written fails the task at its next commit: it is then neither delivered nor dead-lettered (invariants 3 and 4).
 */
export class DeadLetterQueue implements DeadLetters, Delivery {
  readonly #parts: DeadLetterParts
  #failure: Error | undefined

  constructor(parts: DeadLetterParts) {
    this.#parts = parts
  }

  /** Before the first letter. */
  async start(): Promise<void> {
    await this.#parts.producer.prepare([this.#parts.topic])
  }

  report(record: FailedRecord, stage: Stage, className: string, error: unknown): void {
    const { consumed } = record
    if (consumed === undefined) return
    const { topic, producer, counters, contextHeaders } = this.#parts
    counters.deadLetterRequests++
    const { key } = consumed
    const partition =
      key === null
        ? producer.stickyPartition(topic)
        : partitionForKey(key, 0, key.length, producer.partitionCount(topic) ?? 1)
    const writer = producer.open(topic, partition)
    const timestamp = consumed.timestamp >= 0 ? consumed.timestamp : this.#parts.now()
    writer.add(
      timestamp,
      consumed.key,
      consumed.value,
      contextHeaders ? [...consumed.headers, ...this.#context(consumed, stage, className, error)] : consumed.headers,
    )
    producer.appended(topic, partition, this)
    producer.send()
  }

  /** Resolves when there is room for more letters (`buffer.memory`). Throws when none can be written any more. */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#parts.producer.ready(signal)
  }

  acknowledged(): void {}

  failed(count: number, topic: string, _partition: number, error: Error): void {
    this.#parts.counters.deadLetterFailures += count
    this.#parts.log.error(`Could not produce ${count} messages to dead letter queue. topic=${topic}`, { error })
    this.#failure ??= error
  }

  /** Resolves when every letter is in the topic; throws when one is not. */
  async flush(): Promise<void> {
    await this.#parts.producer.flush()
    if (this.#failure === undefined) return
    throw new ConnectError(
      `A record could not be written to the dead letter queue ${this.#parts.topic}; its offset is not committed`,
      { cause: this.#failure },
    )
  }

  #context(
    consumed: ConsumedRecord,
    stage: Stage,
    className: string,
    error: unknown,
  ): { key: string; value: Uint8Array | null }[] {
    const message = error instanceof Error ? error.message : String(error)
    const entries: [string, string | null][] = [
      ['topic', consumed.topic],
      ['partition', String(consumed.partition)],
      ['offset', String(consumed.offset)],
      ['connector.name', this.#parts.connector],
      ['task.id', String(this.#parts.task)],
      ['stage', stage],
      ['class.name', className],
      ['exception.class.name', javaErrorName(error)],
      ['exception.message', message === '' ? null : message],
      ['exception.stacktrace', errorText(error)],
    ]
    return entries.map(([key, value]) => ({ key: prefix + key, value: value === null ? null : Buffer.from(value) }))
  }
}
