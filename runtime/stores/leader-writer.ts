import type { Log } from '../api/context.ts'
import { CodedError } from '../base/errors.ts'
import type { Delivery, TransactionalProducer } from '../kafka/ports.ts'

export interface LeaderWriterParts {
  readonly topic: string
  readonly producer: () => Promise<TransactionalProducer>
  readonly log: Log
}

/** A failed record ends its producer, which the commit then says. */
const untold: Delivery = { acknowledged() {}, failed() {} }

/**
 * Writes to the config topic as the leader of the group. The transactional id is the group's: a worker that takes it up
 * fences the one that led before, whatever that still believes (invariant 7).
 */
export class LeaderWriter {
  readonly #parts: LeaderWriterParts
  #producer: Promise<TransactionalProducer> | undefined
  #writes: Promise<unknown> = Promise.resolve()

  constructor(parts: LeaderWriterParts) {
    this.#parts = parts
  }

  /** We lead now: earlier leaders can write no more when this is through. A failure is found out by the next write. */
  claim(): void {
    this.#claimed().catch((error: unknown) => {
      this.#parts.log.warn('The config topic could not be taken over yet', { topic: this.#parts.topic, error })
    })
  }

  /** We do not lead any more, or stop. */
  async release(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined)
    this.#producer = undefined
    await producer?.close()
  }

  /** All or none; one after another. Throws CodedError CONFIG_WRITE_FAILED. */
  async append(records: readonly (readonly [key: string, value: string | null])[]): Promise<void> {
    const write = this.#writes.then(() => this.#append(records))
    this.#writes = write.catch(() => {})
    return write
  }

  async #append(records: readonly (readonly [key: string, value: string | null])[]): Promise<void> {
    const { topic } = this.#parts
    try {
      const producer = await this.#claimed()
      const now = Date.now()
      for (const [key, value] of records) {
        producer.open(topic, 0).add(now, Buffer.from(key), value === null ? null : Buffer.from(value))
        producer.appended(topic, 0, untold)
      }
      await producer.commit()
    } catch (cause) {
      await this.release()
      throw new CodedError('CONFIG_WRITE_FAILED', {}, { cause })
    }
  }

  #claimed(): Promise<TransactionalProducer> {
    this.#producer ??= this.#open().catch(error => {
      this.#producer = undefined
      throw error
    })
    return this.#producer
  }

  async #open(): Promise<TransactionalProducer> {
    const producer = await this.#parts.producer()
    try {
      await producer.init()
      await producer.prepare([this.#parts.topic])
      return producer
    } catch (error) {
      await producer.close()
      throw error
    }
  }
}
