import { type DecodedOf, type EncodableOf, f, struct } from './schema.ts'
import { decodeVersioned, encodeVersioned } from './versioned-struct.ts'

/** What a member of a group of type `consumer` says of itself when it joins (JoinGroup's `metadata`). */
export const consumerSubscription = struct({
  topics: f.array('string', '0+'),
  userData: f.bytes('0+', { nullable: '0+', default: null }),
  ownedPartitions: f.array(struct({ topic: f.string('1+'), partitions: f.array('int32', '1+') }), '1+', {
    ignorable: true,
  }),
  generationId: f.int32('2+', { default: -1, ignorable: true }),
  rackId: f.string('3+', { nullable: '3+', default: null, ignorable: true }),
})

/** What the leader of such a group gives to each member (SyncGroup's `assignment`). */
export const consumerAssignment = struct({
  assignedPartitions: f.array(struct({ topic: f.string('0+'), partitions: f.array('int32', '0+') }), '0+'),
  userData: f.bytes('0+', { nullable: '0+', default: null }),
})

export const CONSUMER_PROTOCOL_VERSIONS = [0, 3] as const

export type ConsumerSubscription = DecodedOf<typeof consumerSubscription>
export type ConsumerAssignment = DecodedOf<typeof consumerAssignment>

/** Version 1 unless told otherwise: it carries the owned partitions, which cooperative assignors need. */
export const encodeSubscription = (value: EncodableOf<typeof consumerSubscription>, version = 1): Buffer =>
  encodeVersioned(consumerSubscription, CONSUMER_PROTOCOL_VERSIONS, version, value, 'consumer subscription')

export const decodeSubscription = (bytes: Buffer): ConsumerSubscription =>
  decodeVersioned(consumerSubscription, CONSUMER_PROTOCOL_VERSIONS, bytes, 'consumer subscription').value

export const encodeAssignment = (value: EncodableOf<typeof consumerAssignment>, version = 1): Buffer =>
  encodeVersioned(consumerAssignment, CONSUMER_PROTOCOL_VERSIONS, version, value, 'consumer assignment')

/** An empty assignment, which a member without partitions may get, has none. */
export const decodeAssignment = (bytes: Buffer): ConsumerAssignment =>
  bytes.length === 0
    ? { assignedPartitions: [], userData: null }
    : decodeVersioned(consumerAssignment, CONSUMER_PROTOCOL_VERSIONS, bytes, 'consumer assignment').value
