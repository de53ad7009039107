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
  #leads = false

  constructor(parts: LeaderWriterParts) {
    this.#parts = parts
  }

  /** We lead now: earlier leaders can write no more when this is through. A failure is found out by the next write. */
  claim(): void {
    this.#leads = true
    this.#claimed().catch((error: unknown) => {
      this.#parts.log.warn('The config topic could not be taken over yet', { topic: this.#parts.topic, error })
    })
  }

  /** We do not lead any more, or stop: what is written from now on is refused. */
  async release(): Promise<void> {
    this.#leads = false
    await this.#close()
  }

  /** All or none; one after another. Throws CodedError CONFIG_WRITE_FAILED, also when this worker does not lead. */
  async append(
    records: readonly (readonly [key: string, value: string | null])[],
    /** When all writes before are through, and none after has begun: what it throws refuses this one. */
    check?: () => Promise<void>,
  ): Promise<void> {
    const write = this.#writes.then(async () => {
      await check?.()
      await this.#append(records)
    })
    this.#writes = write.catch(() => {})
    return write
  }

  async #append(records: readonly (readonly [key: string, value: string | null])[]): Promise<void> {
    const { topic } = this.#parts
    try {
      // To take the transactional id again would fence the one that leads now (invariant 7).
      if (!this.#leads) throw new Error('this worker does not lead its group any more')
      const producer = await this.#claimed()
      const now = Date.now()
      for (const [key, value] of records) {
        producer.open(topic, 0).add(now, Buffer.from(key), value === null ? null : Buffer.from(value))
        producer.appended(topic, 0, untold)
      }
      await producer.commit()
    } catch (cause) {
      await this.#close()
      throw new CodedError('CONFIG_WRITE_FAILED', {}, { cause })
    }
  }

  async #close(): Promise<void> {
    const claimed = this.#producer
    // At once: who claims again meanwhile must not be given one that is being closed.
    this.#producer = undefined
    const producer = await claimed?.catch(() => undefined)
    await producer?.close().catch((error: unknown) => {
      this.#parts.log.warn('A producer of the config topic could not be closed', { topic: this.#parts.topic, error })
    })
  }

  #claimed(): Promise<TransactionalProducer> {
    if (this.#producer === undefined) {
      const opened = this.#open()
      this.#producer = opened
      opened.catch(() => {
        if (this.#producer === opened) this.#producer = undefined
      })
    }
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
