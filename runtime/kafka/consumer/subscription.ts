import type { TopicPartition } from '../../api/record.ts'
import { decodeSubscription, encodeAssignment, encodeSubscription } from '../../protocol/consumer-protocol.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { byTopic } from '../cluster/offsets.ts'
import type { Assignor, AssignorMember } from '../group/assignor.ts'
import { subscribedTopics } from '../group/assignors.ts'
import type { MemberInfo, Protocol } from '../ports.ts'

/** Carries generation and owned partitions; older members read its beginning. */
const SUBSCRIPTION_VERSION = 3

/** What one member subscribes to, and, where it leads the group, what it assigned on. */
export class Subscription {
  readonly #cluster: Cluster
  readonly #topics: readonly string[] | RegExp
  readonly #assignors: readonly Assignor[]
  /** As of our last join. */
  #joinedWith: readonly string[] = []
  /** Partition counts as of our last assignment; null: another member leads. */
  #assignedOn: ReadonlyMap<string, number> | null = null

  constructor(
    cluster: Cluster,
    topics: readonly string[] | RegExp,
    assignors: readonly Assignor[],
    autoCreate: boolean,
  ) {
    this.#cluster = cluster
    this.#topics = topics instanceof RegExp ? new RegExp(topics.source, topics.flags.replace(/[gy]/g, '')) : topics
    this.#assignors = assignors
    if (topics instanceof RegExp) cluster.watchAll()
    else cluster.watch(topics, autoCreate)
  }

  /** Existing topics that match, or the names that were given. */
  topics(): readonly string[] {
    const pattern = this.#topics
    if (!(pattern instanceof RegExp)) return pattern
    const names: string[] = []
    for (const { name, internal } of this.#cluster.metadata.topics()) {
      if (!internal && pattern.exec(name)?.[0] === name) names.push(name)
    }
    return names.sort()
  }

  /** `owned` is kept during the rebalance, `previous` was the last assignment. */
  protocols(owned: readonly TopicPartition[], previous: readonly TopicPartition[], generationId: number): Protocol[] {
    this.#joinedWith = this.topics()
    this.#assignedOn = null
    return this.#assignors.map(assignor => ({
      name: assignor.name,
      metadata: encodeSubscription(
        {
          topics: [...this.#joinedWith],
          userData: assignor.userData(previous, generationId),
          ownedPartitions: [...byTopic(assignor.cooperative ? owned : [])].map(([topic, list]) => ({
            topic,
            partitions: list.map(({ partition }) => partition),
          })),
          generationId,
        },
        SUBSCRIPTION_VERSION,
      ),
    }))
  }

  /** As the leader: reads what the members say, looks the topics up, assigns. */
  async assign(protocol: string, members: readonly MemberInfo[]): Promise<Map<string, Buffer>> {
    const assignor = this.#assignors.find(({ name }) => name === protocol)
    if (assignor === undefined) throw new ProtocolError(`the group chose assignor '${protocol}', which was not offered`)
    const known = members.map(member => readMember(member, assignor))
    const topics = subscribedTopics(known)
    this.#cluster.watch(topics)
    await this.#cluster.refresh()
    const counts = this.#counts(topics)
    this.#assignedOn = counts
    const result = new Map<string, Buffer>()
    for (const [memberId, partitions] of assignor.assign(known, counts)) {
      const assignedPartitions = [...byTopic(partitions)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition }) => partition),
      }))
      result.set(memberId, encodeAssignment({ assignedPartitions, userData: null }))
    }
    return result
  }

  /** Why the group should assign anew, by the metadata as it is now; null: no reason. */
  staleBecause(): string | null {
    const now = this.topics()
    const before = this.#joinedWith
    if (now.length !== before.length || now.some((topic, i) => topic !== before[i]))
      return 'the subscribed topics changed'
    if (this.#assignedOn === null) return null
    for (const [topic, count] of this.#counts([...this.#assignedOn.keys()])) {
      if (count !== this.#assignedOn.get(topic)) return `the partitions of ${topic} changed`
    }
    return null
  }

  /** Topics that do not exist have none. */
  #counts(topics: readonly string[]): Map<string, number> {
    return new Map(topics.map(topic => [topic, this.#cluster.metadata.topic(topic)?.partitions.length ?? 0]))
  }
}

function readMember({ memberId, groupInstanceId, metadata }: MemberInfo, assignor: Assignor): AssignorMember {
  const { topics, ownedPartitions, userData, generationId } = decodeSubscription(metadata)
  const owned = ownedPartitions.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition })))
  const member = { memberId, groupInstanceId, topics, owned, generationId }
  if (userData === null || userData.length === 0) return member
  if (assignor.decodeUserData !== undefined) return { ...member, ...assignor.decodeUserData(userData) }
  // Members of before subscriptions had it say their generation in the user data.
  if (assignor.cooperative && generationId < 0 && userData.length >= 4) {
    return { ...member, generationId: userData.readInt32BE(0) }
  }
  return member
}
