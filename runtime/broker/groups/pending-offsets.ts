import type { CommittedOffset } from './offset-records.ts'

export interface PendingOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly value: CommittedOffset
}

/** Offsets written in transactions that have not ended: they count when their producer's transaction commits. */
export class PendingOffsets {
  readonly #byProducer = new Map<number, PendingOffset[]>()

  add(producerId: number, offset: PendingOffset): void {
    const list = this.#byProducer.get(producerId)
    if (list === undefined) this.#byProducer.set(producerId, [offset])
    else list.push(offset)
  }

  /** What the producer's transaction held, in the order of writing; it holds nothing from now on. */
  take(producerId: number): readonly PendingOffset[] {
    const list = this.#byProducer.get(producerId) ?? []
    this.#byProducer.delete(producerId)
    return list
  }

  /** Whether a reader who asked for stable offsets has to wait. */
  has(group: string, topic: string, partition: number): boolean {
    for (const list of this.#byProducer.values()) {
      if (list.some(o => o.group === group && o.topic === topic && o.partition === partition)) return true
    }
    return false
  }

  /** Whether a transaction holds offsets of the group: it must not be forgotten. */
  hasGroup(group: string): boolean {
    for (const list of this.#byProducer.values()) if (list.some(o => o.group === group)) return true
    return false
  }

  forgetTopic(topic: string): void {
    for (const [producerId, list] of this.#byProducer) {
      this.#byProducer.set(
        producerId,
        list.filter(o => o.topic !== topic),
      )
    }
  }
}
