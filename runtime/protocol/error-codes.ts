/**
 * Kafka's error codes: name, code, whether trying again may help, and what it means. Names, codes and the retriable flags
 * are those of Apache Kafka 4.3.
 */
const table = {
  UNKNOWN_SERVER_ERROR: [-1, false, 'the broker failed for a reason it does not name; its log says more'],
  NONE: [0, false, 'no error'],
  OFFSET_OUT_OF_RANGE: [1, false, 'the partition does not hold this offset (any more, or yet)'],
  CORRUPT_MESSAGE: [2, true, 'a record is damaged, too large, or has no key in a compacted topic'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, true, 'the broker does not know this topic or partition'],
  INVALID_FETCH_SIZE: [4, false, 'the fetch size makes no sense'],
  LEADER_NOT_AVAILABLE: [5, true, 'the partition is between two leaders'],
  NOT_LEADER_OR_FOLLOWER: [6, true, 'this broker does not lead the partition (any more)'],
  REQUEST_TIMED_OUT: [7, true, 'the broker could not finish in the time it was given'],
  BROKER_NOT_AVAILABLE: [8, false, 'the broker is not there'],
  REPLICA_NOT_AVAILABLE: [9, true, 'the replica is not there'],
  MESSAGE_TOO_LARGE: [
    10,
    false,
    'a record batch exceeds max.message.bytes of the topic (message.max.bytes of the broker)',
  ],
  STALE_CONTROLLER_EPOCH: [11, false, 'another broker has become controller'],
  OFFSET_METADATA_TOO_LARGE: [12, false, 'the metadata beside a committed offset exceeds offset.metadata.max.bytes'],
  NETWORK_EXCEPTION: [13, true, 'the connection ended before the answer'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, true, 'the coordinator is still reading its state'],
  COORDINATOR_NOT_AVAILABLE: [15, true, 'there is no coordinator at the moment'],
  NOT_COORDINATOR: [16, true, 'another broker coordinates this group or transactional id'],
  INVALID_TOPIC_EXCEPTION: [17, false, 'the topic name is not valid, or the topic must not be used this way'],
  RECORD_LIST_TOO_LARGE: [18, false, 'a record batch exceeds segment.bytes of the topic'],
  NOT_ENOUGH_REPLICAS: [19, true, 'fewer replicas are in sync than min.insync.replicas asks for; nothing was written'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [20, true, 'written, but to fewer replicas than min.insync.replicas asks for'],
  INVALID_REQUIRED_ACKS: [21, false, 'acks must be 0, 1 or -1 (all)'],
  ILLEGAL_GENERATION: [22, false, 'the group has moved on to another generation'],
  INCONSISTENT_GROUP_PROTOCOL: [
    23,
    false,
    'no assignor, or not the protocol type, that the other members of the group have',
  ],
  INVALID_GROUP_ID: [24, false, 'the group id is not valid'],
  UNKNOWN_MEMBER_ID: [25, false, 'the group does not know this member (any more)'],
  INVALID_SESSION_TIMEOUT: [26, false, 'session.timeout.ms is outside the bounds the broker sets'],
  REBALANCE_IN_PROGRESS: [27, false, 'the group is rebalancing: join again'],
  INVALID_COMMIT_OFFSET_SIZE: [28, false, 'the offsets to commit are too large'],
  TOPIC_AUTHORIZATION_FAILED: [29, false, 'not allowed on this topic: check the ACLs of the principal'],
  GROUP_AUTHORIZATION_FAILED: [30, false, 'not allowed on this group: check the ACLs of the principal'],
  CLUSTER_AUTHORIZATION_FAILED: [31, false, 'not allowed on the cluster: check the ACLs of the principal'],
  INVALID_TIMESTAMP: [32, false, 'a record timestamp is outside what the topic accepts'],
  UNSUPPORTED_SASL_MECHANISM: [33, false, 'the broker does not offer this sasl.mechanism'],
  ILLEGAL_SASL_STATE: [34, false, 'the request does not fit the state of the authentication'],
  UNSUPPORTED_VERSION: [35, false, 'the broker does not speak this version of the API'],
  TOPIC_ALREADY_EXISTS: [36, false, 'the topic exists'],
  INVALID_PARTITIONS: [37, false, 'the number of partitions is not valid'],
  INVALID_REPLICATION_FACTOR: [38, false, 'the replication factor is below 1 or above the number of brokers'],
  INVALID_REPLICA_ASSIGNMENT: [39, false, 'the replica assignment is not valid'],
  INVALID_CONFIG: [40, false, 'a setting is not valid'],
  NOT_CONTROLLER: [41, true, 'another broker is the controller'],
  INVALID_REQUEST: [42, false, 'the broker cannot make sense of the request; its log says more'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, false, 'not possible with this record format version'],
  POLICY_VIOLATION: [44, false, 'a policy of the broker forbids it'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, false, 'a batch of this producer is missing before this one'],
  DUPLICATE_SEQUENCE_NUMBER: [46, false, 'the broker has this batch already'],
  INVALID_PRODUCER_EPOCH: [47, false, 'a newer epoch of this producer exists'],
  INVALID_TXN_STATE: [48, false, 'the transaction is not in a state that allows this'],
  INVALID_PRODUCER_ID_MAPPING: [49, false, 'the producer id does not belong to the transactional id'],
  INVALID_TRANSACTION_TIMEOUT: [50, false, 'transaction.timeout.ms exceeds transaction.max.timeout.ms of the broker'],
  CONCURRENT_TRANSACTIONS: [51, true, 'the transactional id is still busy with its last transaction'],
  TRANSACTION_COORDINATOR_FENCED: [52, false, 'another broker coordinates this transaction'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [
    53,
    false,
    'not allowed on this transactional id: check the ACLs of the principal',
  ],
  SECURITY_DISABLED: [54, false, 'the broker has no authorizer'],
  OPERATION_NOT_ATTEMPTED: [55, false, 'not tried, since another part of the request failed'],
  KAFKA_STORAGE_ERROR: [56, true, 'the disk of the broker failed'],
  LOG_DIR_NOT_FOUND: [57, false, 'the broker has no such log directory'],
  SASL_AUTHENTICATION_FAILED: [58, false, 'the broker refused the credentials'],
  UNKNOWN_PRODUCER_ID: [59, false, 'the broker remembers nothing of this producer: its records are gone by retention'],
  REASSIGNMENT_IN_PROGRESS: [60, false, 'the partition is being moved'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, false, 'delegation tokens are switched off'],
  DELEGATION_TOKEN_NOT_FOUND: [62, false, 'there is no such delegation token'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, false, 'the principal neither owns nor may renew the delegation token'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    false,
    'delegation tokens cannot be asked for over this kind of connection',
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [
    65,
    false,
    'not allowed on delegation tokens: check the ACLs of the principal',
  ],
  DELEGATION_TOKEN_EXPIRED: [66, false, 'the delegation token has expired'],
  INVALID_PRINCIPAL_TYPE: [67, false, 'the type of the principal is not known'],
  NON_EMPTY_GROUP: [68, false, 'the group has members'],
  GROUP_ID_NOT_FOUND: [69, false, 'there is no such group'],
  FETCH_SESSION_ID_NOT_FOUND: [70, true, 'the broker does not know the fetch session (any more)'],
  INVALID_FETCH_SESSION_EPOCH: [71, true, 'the fetch session is at another epoch'],
  LISTENER_NOT_FOUND: [72, true, 'the leader has no listener of the name we came by'],
  TOPIC_DELETION_DISABLED: [73, false, 'the broker has delete.topic.enable=false'],
  FENCED_LEADER_EPOCH: [74, true, 'our metadata is older than the leader'],
  UNKNOWN_LEADER_EPOCH: [75, true, 'our metadata is newer than the leader'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, false, 'the version in use does not carry this compression'],
  STALE_BROKER_EPOCH: [77, false, 'the broker has registered anew'],
  OFFSET_NOT_AVAILABLE: [78, true, 'a new leader does not know its high watermark yet'],
  MEMBER_ID_REQUIRED: [79, false, 'join again with the member id just given'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, true, 'the preferred leader is not there'],
  GROUP_MAX_SIZE_REACHED: [81, false, 'the group has group.max.size members'],
  FENCED_INSTANCE_ID: [82, false, 'another member took this group.instance.id'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, true, 'no replica may become leader'],
  ELECTION_NOT_NEEDED: [84, true, 'the partition needs no election'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, false, 'the partition is not being moved'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, false, 'the group still consumes this topic'],
  INVALID_RECORD: [87, false, 'the broker refused a record'],
  UNSTABLE_OFFSET_COMMIT: [88, true, 'offsets of an open transaction are pending'],
  THROTTLING_QUOTA_EXCEEDED: [89, true, 'a quota is used up'],
  PRODUCER_FENCED: [90, false, 'a newer producer has this transactional id'],
  RESOURCE_NOT_FOUND: [91, false, 'there is no such resource'],
  DUPLICATE_RESOURCE: [92, false, 'the request names a resource twice'],
  UNACCEPTABLE_CREDENTIAL: [93, false, 'the new credential does not meet the rules'],
  INCONSISTENT_VOTER_SET: [94, false, 'sender or receiver is no voter'],
  INVALID_UPDATE_VERSION: [95, false, 'the version of the update is not valid'],
  FEATURE_UPDATE_FAILED: [96, false, 'the broker could not change the feature'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, false, 'the brokers could not pass the principal on between them'],
  SNAPSHOT_NOT_FOUND: [98, false, 'there is no such snapshot'],
  POSITION_OUT_OF_RANGE: [99, false, 'the position is outside the snapshot'],
  UNKNOWN_TOPIC_ID: [100, true, 'the broker does not know this topic id: the topic may have been created anew'],
  DUPLICATE_BROKER_REGISTRATION: [101, false, 'the broker id is taken'],
  BROKER_ID_NOT_REGISTERED: [102, false, 'the broker id is not registered'],
  INCONSISTENT_TOPIC_ID: [103, true, 'the log belongs to another topic id'],
  INCONSISTENT_CLUSTER_ID: [104, false, 'the broker belongs to another cluster'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, false, 'there is no such transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, true, 'the fetch session mixes topic names and ids'],
  INELIGIBLE_REPLICA: [107, false, 'a replica may not be in the in-sync set'],
  NEW_LEADER_ELECTED: [108, false, 'the change was made, and the leader has changed'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, false, 'the offset lies in tiered storage'],
  FENCED_MEMBER_EPOCH: [110, false, 'the coordinator fenced this member: give up its partitions and join again'],
  UNRELEASED_INSTANCE_ID: [111, false, 'another member still has this group.instance.id'],
  UNSUPPORTED_ASSIGNOR: [112, false, 'the group does not have this assignor'],
  STALE_MEMBER_EPOCH: [113, false, 'the member is at an old epoch: heartbeat, then try again'],
  MISMATCHED_ENDPOINT_TYPE: [114, false, 'the endpoint is of another kind (broker or controller)'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, false, 'this kind of endpoint is not supported'],
  UNKNOWN_CONTROLLER_ID: [116, false, 'there is no controller with this id'],
  UNKNOWN_SUBSCRIPTION_ID: [117, false, 'the telemetry subscription is not known (any more)'],
  TELEMETRY_TOO_LARGE: [118, false, 'the telemetry exceeds what the broker takes'],
  INVALID_REGISTRATION: [119, false, 'the controller refused the registration of the broker'],
  TRANSACTION_ABORTABLE: [120, false, 'the transaction must be aborted; the producer may go on afterwards'],
  INVALID_RECORD_STATE: [121, false, 'the record is not in a state that can be acknowledged'],
  SHARE_SESSION_NOT_FOUND: [122, true, 'the broker does not know the share session (any more)'],
  INVALID_SHARE_SESSION_EPOCH: [123, true, 'the share session is at another epoch'],
  FENCED_STATE_EPOCH: [124, false, 'the state of the share group is at another epoch'],
  INVALID_VOTER_KEY: [125, false, 'the voter key does not fit the replica'],
  DUPLICATE_VOTER: [126, false, 'it is a voter already'],
  VOTER_NOT_FOUND: [127, false, 'it is no voter'],
  INVALID_REGULAR_EXPRESSION: [128, false, 'the regular expression is not valid'],
  REBOOTSTRAP_REQUIRED: [129, false, 'our metadata is too old: start again from bootstrap.servers'],
  STREAMS_INVALID_TOPOLOGY: [130, false, 'the topology is not valid'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, false, 'the epoch of the topology is not valid'],
  STREAMS_TOPOLOGY_FENCED: [132, false, 'a newer topology exists'],
  SHARE_SESSION_LIMIT_REACHED: [133, true, 'the broker has as many share sessions as it takes'],
} as const satisfies Record<string, readonly [code: number, retriable: boolean, message: string]>

export type KafkaErrorName = keyof typeof table

export interface KafkaErrorInfo {
  readonly code: number
  readonly name: KafkaErrorName
  readonly retriable: boolean
  /** Our words, without a capital or a full stop. */
  readonly message: string
}

const entries = Object.entries(table) as [KafkaErrorName, readonly [number, boolean, string]][]

/** The code of each name: `errorCodes.NOT_COORDINATOR`. */
export const errorCodes = Object.fromEntries(entries.map(([name, [code]]) => [name, code])) as {
  readonly [N in KafkaErrorName]: (typeof table)[N][0]
}

const byCode: ReadonlyMap<number, KafkaErrorInfo> = new Map(
  entries.map(([name, [code, retriable, message]]) => [code, { code, name, retriable, message }]),
)

/** What a code means. One that is newer than this table counts as UNKNOWN_SERVER_ERROR, as it does in Kafka's own client. */
export function errorOf(code: number): KafkaErrorInfo {
  return (
    byCode.get(code) ?? {
      code,
      name: 'UNKNOWN_SERVER_ERROR',
      retriable: false,
      message: `the broker answered error code ${code}, which is newer than this version`,
    }
  )
}

/** Where an error came from; `detail` is what the broker itself wrote. */
export interface KafkaErrorPlace {
  readonly api?: string | undefined
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly detail?: string | null | undefined
}

/** A broker's answer that is an error code. */
export class KafkaProtocolError extends Error {
  override readonly name = 'KafkaProtocolError'
  readonly code: number
  readonly kafkaCode: KafkaErrorName
  readonly retriable: boolean
  readonly api: string | undefined
  readonly topic: string | undefined
  readonly partition: number | undefined

  constructor(code: number | KafkaErrorName, place: KafkaErrorPlace = {}, options: ErrorOptions = {}) {
    const info = errorOf(typeof code === 'number' ? code : errorCodes[code])
    const target = place.topic === undefined ? '' : ` on ${place.topic}`
    const partition = place.partition === undefined ? '' : `${target === '' ? ' on partition ' : '-'}${place.partition}`
    const detail = place.detail ? `: ${place.detail}` : ''
    super(
      `${place.api ?? 'Kafka'}${target}${partition}: ${info.name} (${info.code}), ${info.message}${detail}`,
      options,
    )
    this.code = info.code
    this.kafkaCode = info.name
    this.retriable = info.retriable
    this.api = place.api
    this.topic = place.topic
    this.partition = place.partition
  }
}

/** Throws the error of a response's code; does nothing for 0. */
export function throwOnError(code: number, place: KafkaErrorPlace = {}): void {
  if (code !== 0) throw new KafkaProtocolError(code, place)
}
