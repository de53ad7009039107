import type { ResponseOf } from '../../protocol/api.ts'
import type { metadata } from '../../protocol/messages/metadata.ts'
import { ZERO_UUID } from '../../protocol/primitives.ts'
import type { Address } from '../settings.ts'

export interface PartitionInfo {
  /** -1: none at the moment. */
  readonly leader: number
  /** -1: the broker does not tell. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface TopicInfo {
  readonly name: string
  /** Zeros: the broker does not tell. */
  readonly id: string
  readonly internal: boolean
  /** By partition number. */
  readonly partitions: readonly PartitionInfo[]
}

type MetadataResponse = ResponseOf<typeof metadata>

const NO_PARTITION: PartitionInfo = { leader: -1, leaderEpoch: -1, replicas: [], isr: [] }

/** What is known of the cluster; a value that `update` moves forward and nothing else changes. */
export class Metadata {
  readonly #topics = new Map<string, TopicInfo>()
  readonly #names = new Map<string, string>()
  /** Error codes of topics that were asked for and not found fit. */
  readonly #errors = new Map<string, number>()
  #brokers: ReadonlyMap<number, Address> = new Map()
  clusterId: string | null = null
  controllerId = -1

  get brokers(): ReadonlyMap<number, Address> {
    return this.#brokers
  }

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  /** The name of a topic id that is current. */
  nameOf(id: string): string | undefined {
    return this.#names.get(id)
  }

  /** Why a topic is not known: the broker's error code, 0 if it was not asked for. */
  errorOf(name: string): number {
    return this.#errors.get(name) ?? 0
  }

  partition(topic: string, partition: number): PartitionInfo | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  topics(): Iterable<TopicInfo> {
    return this.#topics.values()
  }

  /** Takes in an answer; with `all` what it does not name is gone. */
  update(response: MetadataResponse, all: boolean): void {
    this.#brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    this.clusterId = response.clusterId
    this.controllerId = response.controllerId
    const seen = new Set<string>()
    for (const topic of response.topics) {
      const { name } = topic
      if (name === null) continue
      seen.add(name)
      // A topic without a leader in some partition is a topic all the same.
      if (topic.errorCode !== 0 && topic.partitions.length === 0) {
        this.#forget(name)
        this.#errors.set(name, topic.errorCode)
      } else {
        this.#errors.delete(name)
        this.#set(name, topic)
      }
    }
    if (all) for (const name of [...this.#topics.keys()]) if (!seen.has(name)) this.#forget(name)
  }

  /** Brokers that went away; topics stay until there is news. */
  forgetBrokers(): void {
    this.#brokers = new Map()
  }

  #forget(name: string): void {
    const old = this.#topics.get(name)
    if (old !== undefined) this.#names.delete(old.id)
    this.#topics.delete(name)
  }

  #set(name: string, topic: MetadataResponse['topics'][number]): void {
    const old = this.#topics.get(name)
    const same = old !== undefined && old.id === topic.topicId
    if (old !== undefined && !same) this.#names.delete(old.id)
    const partitions: PartitionInfo[] = []
    for (const found of topic.partitions) {
      const before = same ? old.partitions[found.partitionIndex] : undefined
      // A broker that is behind may answer after one that is not: leaders do not go back to an older epoch.
      partitions[found.partitionIndex] =
        before !== undefined && found.leaderEpoch >= 0 && found.leaderEpoch < before.leaderEpoch
          ? before
          : {
              leader: found.leaderId,
              leaderEpoch: found.leaderEpoch,
              replicas: found.replicaNodes,
              isr: found.isrNodes,
            }
    }
    for (let i = 0; i < partitions.length; i++) partitions[i] ??= NO_PARTITION
    this.#topics.set(name, { name, id: topic.topicId, internal: topic.isInternal, partitions })
    if (topic.topicId !== ZERO_UUID) this.#names.set(topic.topicId, name)
  }
}
