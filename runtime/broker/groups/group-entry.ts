import { decodeSubscription } from '../../protocol/consumer-protocol.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import type { Group } from './group.ts'
import type { CommittedOffset } from './offset-records.ts'

/** A group and its offsets. */
export class GroupEntry {
  readonly group: Group
  readonly #offsets = new Map<string, Map<number, CommittedOffset>>()
  timer: NodeJS.Timeout | null = null
  /** What the timer is set to; infinity without one. */
  timerAt = Number.POSITIVE_INFINITY

  constructor(group: Group) {
    this.group = group
  }

  get hasOffsets(): boolean {
    return this.#offsets.size > 0
  }

  /** Nothing was ever done with it, and nobody is on the way to it. */
  get isUnused(): boolean {
    const { generation, members } = this.group
    const isWaiting = this.group.nextDeadline() < Number.POSITIVE_INFINITY
    return !this.hasOffsets && generation === 0 && members.size === 0 && !isWaiting
  }

  offset(topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(topic)?.get(partition)
  }

  /** Topics with the partitions that have offsets. */
  topics(): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#offsets
  }

  setOffset(topic: string, partition: number, offset: CommittedOffset): void {
    const partitions = this.#offsets.get(topic)
    if (partitions === undefined) this.#offsets.set(topic, new Map([[partition, offset]]))
    else partitions.set(partition, offset)
  }

  deleteOffset(topic: string, partition: number): void {
    const partitions = this.#offsets.get(topic)
    if (partitions === undefined) return
    partitions.delete(partition)
    if (partitions.size === 0) this.#offsets.delete(topic)
  }

  /** Whether a member consumes the topic; members of groups that are not of type consumer do not say. */
  isSubscribedTo(topic: string): boolean {
    for (const member of this.group.members.values()) {
      for (const { metadata } of member.protocols) {
        try {
          if (decodeSubscription(metadata).topics.includes(topic)) return true
        } catch (error) {
          // Metadata that only the members understand: rather too careful than offsets lost under a reader.
          if (error instanceof ProtocolError) return true
          throw error
        }
      }
    }
    return false
  }
}
