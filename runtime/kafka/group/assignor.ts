import type { TopicPartition } from '../../api/record.ts'

/** A member as an assignor sees it. */
export interface AssignorMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
  /** What it had before this rebalance, as far as it says so. */
  readonly owned: readonly TopicPartition[]
  /** Of which generation; -1: not known. */
  readonly generationId: number
}

export interface Assignor {
  /** Kafka's name: members written in other languages have it too. */
  readonly name: string
  /** Whether members keep what they have while the group rebalances. */
  readonly cooperative: boolean
  /** What goes into the subscription's user data, given what the member has. */
  userData(owned: readonly TopicPartition[], generationId: number): Buffer | null
  /** `owned` and `generationId` out of the user data, where they are not in the subscription itself. */
  decodeUserData?(bytes: Buffer): { readonly owned: readonly TopicPartition[]; readonly generationId: number }
  /** Partitions for each member; `counts`: partitions per existing topic. Pure. */
  assign(
    members: readonly AssignorMember[],
    counts: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, readonly TopicPartition[]>
}
