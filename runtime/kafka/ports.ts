import type { TopicPartition, TopicPartitionOffset } from '../api/record.ts'
import type { RecordBatchReader } from '../protocol/record-batch-reader.ts'
import type { RecordBatchWriter } from '../protocol/record-batch-writer.ts'

/**
 * All access to Kafka goes through this port. One `Kafka` per thread; what it hands out shares its connections' settings
 * but each producer and consumer has its own sockets. Settings are Kafka's client properties as text
 * (`bootstrap.servers`, `security.protocol`, `sasl.*`, `ssl.*`, `request.timeout.ms`, `client.id` ...).
 */
export interface Kafka {
  producer(settings?: ClientSettings): Producer
  /** `settings` name the `transactional.id`. */
  transactionalProducer(settings: ClientSettings): TransactionalProducer
  consumer(options: ConsumerOptions): Consumer
  topicLog(options: TopicLogOptions): TopicLog
  /** A member of a classic group that is not about consuming. */
  membership(options: MembershipOptions): Membership
  admin(settings?: ClientSettings): Admin
  close(): Promise<void>
}

/** Layered over the worker's own client settings; a connector's overrides come last. */
export type ClientSettings = Readonly<Record<string, string>>

/** Who wants to know what became of records; one object per run of records in a source batch, never one per record. */
export interface Delivery {
  /** `count` more of its records are in the log of this partition. Called in order within a partition. */
  acknowledged(count: number, topic: string, partition: number): void
  /** `count` of its records will never be delivered by this producer. */
  failed(count: number, topic: string, partition: number, error: Error): void
}

export interface Producer {
  /** Learns the partitions of these topics. Throws KafkaProtocolError UNKNOWN_TOPIC_OR_PARTITION for the ones that do not exist after `max.block.ms`. */
  prepare(topics: Iterable<string>): Promise<void>
  /** Known after `prepare`; undefined before. */
  partitionCount(topic: string): number | undefined
  /** Where records without a key go: one partition of the topic until its batch is sealed, then another. Known after `prepare`. */
  stickyPartition(topic: string): number
  /** The open batch of a partition: begin, write and end ONE record in it, then call `appended`. Synchronous. */
  open(topic: string, partition: number): RecordBatchWriter
  /** The record just ended in `open`'s batch belongs to this delivery. Seals the batch when it is full. */
  appended(topic: string, partition: number, delivery: Delivery): void
  /** Hands open batches to the sender (called once per source batch; `linger.ms` may hold small ones back a moment). */
  send(): void
  /** Bytes appended and not yet acknowledged. */
  readonly bufferedBytes: number
  /** Resolves while `bufferedBytes` is under `buffer.memory`: await before the next source batch (backpressure). Throws the fatal error, if any. */
  ready(signal?: AbortSignal): Promise<void>
  /** Everything appended so far is acknowledged or failed. */
  flush(signal?: AbortSignal): Promise<void>
  /** Waits for what is in flight at most `timeoutMs`, fails the rest, closes the sockets. */
  close(timeoutMs?: number): Promise<void>
}

/**
 * A producer all of whose records are parts of transactions, one after another. A transaction begins with the first record
 * after the last one ended. A record that fails, and a newer producer of the same `transactional.id`, end this producer:
 * from then on every method throws.
 */
export interface TransactionalProducer extends Producer {
  /** Before the first record. Fences earlier producers of the id; what they left open is aborted when this resolves. */
  init(): Promise<void>
  /** Everything appended becomes visible, as a whole. Throws when it will not: whether it did is not known after a lost connection. */
  commit(): Promise<void>
  /** Nothing appended since the last end becomes visible. */
  abort(): Promise<void>
}

export interface ConsumerOptions {
  readonly groupId: string
  /** Names, or a pattern that a whole topic name matches (watched for new topics every `metadata.max.age.ms`). */
  readonly topics: readonly string[] | RegExp
  readonly settings?: ClientSettings
  /** Most bytes fetched and not yet released; default 32 MiB. One fetch is always let through, whatever its size. */
  readonly maxBufferedBytes?: number
  /** Awaited after an assignment, before the first record of these partitions. */
  assigned?(partitions: readonly TopicPartitionOffset[]): Promise<void>
  /** Awaited before the group may give these partitions to another member: flush and commit here. */
  revoked?(partitions: readonly TopicPartition[]): Promise<void>
  /** They belong to someone else already: commit nothing. */
  lost?(partitions: readonly TopicPartition[]): Promise<void>
}

/** One decoded record batch of one partition. `reader` and its views are valid until `release` of the fetch. */
export interface FetchedBatch extends TopicPartition {
  readonly reader: RecordBatchReader
  /** Index of the first record that counts: records below the asked offset are dropped. */
  readonly from: number
  /** The offset after this batch, gaps of compaction included. */
  readonly nextOffset: number
}

export interface Fetched {
  readonly batches: readonly FetchedBatch[]
  /** The memory under the batches may be reused now. Without a call it is left to the garbage collector. */
  release(): void
}

/** A group member that fetches ahead, bounded in bytes. Poll from one place only; heartbeats go on meanwhile. */
export interface Consumer {
  /** What has arrived, waiting at most `timeoutMs` when nothing has; also runs the assignment hooks. Throws fatal errors (authorisation, fenced). */
  poll(timeoutMs: number, signal?: AbortSignal): Promise<Fetched>
  /** Ends a waiting poll early. */
  wakeup(): void
  assignment(): readonly TopicPartition[]
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** The next poll starts here; what was fetched ahead is dropped. */
  seek(offsets: readonly TopicPartitionOffset[]): void
  /** Commits for the current generation; throws on a rebalance in progress (retriable) or when fenced. */
  commit(offsets: readonly TopicPartitionOffset[]): Promise<void>
  committed(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]>
  /** Revokes (hook included), leaves the group, closes. */
  close(): Promise<void>
}

/** One record of a topic log, its bytes copied (they live as long as you keep them). */
export interface LogRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

export interface TopicLogOptions {
  readonly topic: string
  readonly settings?: ClientSettings
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** Called in order of offset within a partition. */
  onRecord(record: LogRecord): void
  /** A failure that retrying does not cure; afterwards the log stands still. */
  onError?(error: Error): void
}

/** A topic read from its beginning without a group, then followed: what the internal stores are built on. */
export interface TopicLog {
  /**
   * Resolves when everything that was in the topic at the call has been passed to `onRecord`; with `read_committed` up to the
   * first open transaction.
   */
  start(): Promise<void>
  /** The same for what is in the topic now; with `read_committed` it waits for open transactions to end. */
  readToEnd(): Promise<void>
  /** Resolves when all are acknowledged (acks=all). */
  append(
    records: readonly {
      readonly partition?: number
      readonly key: Uint8Array | null
      readonly value: Uint8Array | null
    }[],
  ): Promise<void>
  stop(): Promise<void>
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
}

export interface NewTopic {
  readonly name: string
  /** -1: the broker's default. */
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface Admin {
  describeCluster(): Promise<{
    readonly clusterId: string | null
    readonly controllerId: number
    readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[]
  }>
  listTopics(): Promise<readonly string[]>
  /** Topics that do not exist are left out. */
  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]>
  /** Creates those that do not exist yet; false for one that did. */
  createTopics(topics: readonly NewTopic[]): Promise<ReadonlyMap<string, boolean>>
  createPartitions(topic: string, total: number): Promise<void>
  deleteTopics(names: readonly string[]): Promise<void>
  deleteRecords(before: readonly TopicPartitionOffset[]): Promise<void>
  topicConfigs(topic: string): Promise<ReadonlyMap<string, string | null>>
  /** null removes a setting. */
  alterTopicConfigs(topic: string, configs: Readonly<Record<string, string | null>>): Promise<void>
  /** Timestamp: the first offset at or after it. */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | number,
  ): Promise<readonly TopicPartitionOffset[]>
  listGroups(): Promise<readonly { readonly groupId: string; readonly protocolType: string; readonly state: string }[]>
  describeGroup(groupId: string): Promise<{
    readonly groupId: string
    readonly state: string
    readonly protocolType: string
    readonly members: readonly {
      readonly memberId: string
      readonly clientId: string
      readonly host: string
      readonly assignment: Buffer
    }[]
  }>
  groupOffsets(groupId: string): Promise<readonly TopicPartitionOffset[]>
  /** The group must be empty. */
  alterGroupOffsets(groupId: string, offsets: readonly TopicPartitionOffset[]): Promise<void>
  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>
  /** Producers of these transactional ids can write no more; what they left open is aborted. */
  fenceProducers(transactionalIds: readonly string[]): Promise<void>
  /** Groups that do not exist are fine. */
  deleteGroups(groupIds: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** What a member offers when it joins. */
export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

/** A member, as the leader of its group sees it. */
export interface MemberInfo {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Buffer
}

/** Who a member is in its group, since the last join; generation -1: nobody. */
export interface GroupGeneration {
  readonly generationId: number
  readonly memberId: string
  readonly protocol: string
  readonly leaderId: string
}

export interface Assignment {
  readonly generation: GroupGeneration
  readonly bytes: Buffer
}

/** Times in milliseconds. */
export interface MembershipOptions {
  readonly groupId: string
  /** `consumer`, `connect`, or any other; all members of a group have the same. */
  readonly protocolType: string
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** For so long after a join another round is likely: heartbeats come more often, so that it is heard of soon. Default 0. */
  readonly followUpMs?: number
  /** How long a rebalance waits for us, and the longest time between two polls. */
  readonly rebalanceTimeoutMs: number
  /** What we offer at each join, the best first. */
  protocols(): readonly Protocol[]
  /** Called on the leader: an assignment for each member. Those left out get an empty one. */
  assign(protocol: string, members: readonly MemberInfo[], self: string): Promise<ReadonlyMap<string, Buffer>>
  /** Awaited between the news of a rebalance and our joining it: what others may get must be let go of here. */
  prepare(): Promise<void>
  /** Awaited: the new assignment. True: join again at once. */
  applied(assignment: Assignment): Promise<boolean>
  /** Awaited: what we had belongs to others already. */
  lost(): Promise<void>
  /** A poll has something to do. */
  onDue(): void
}

/** Joining and heartbeats go on by themselves; the hooks run in `poll` only, which is called from one place. */
export interface Membership {
  readonly state: string
  readonly generation: GroupGeneration
  /** Milliseconds since the coordinator answered last: beyond the session timeout others may have what we had (invariant 7). */
  readonly silence: number
  readonly isDue: boolean
  /** Throws what a hook throws, and what forbids membership for good. */
  poll(): Promise<void>
  requestRejoin(reason: string): void
  /** Leaves the group. */
  close(): Promise<void>
}
