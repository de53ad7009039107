import { structCodec } from './codec.ts'
import { Reader, Writer } from './primitives.ts'
import { ProtocolError, within } from './protocol-error.ts'
import { type DecodedOf, type EncodableOf, f, type Struct, struct } from './schema.ts'

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
  encode(consumerSubscription, version, value, 'consumer subscription')

export const decodeSubscription = (bytes: Buffer): ConsumerSubscription =>
  decode(consumerSubscription, bytes, 'consumer subscription')

export const encodeAssignment = (value: EncodableOf<typeof consumerAssignment>, version = 1): Buffer =>
  encode(consumerAssignment, version, value, 'consumer assignment')

/** An empty assignment, which a member without partitions may get, has none. */
export const decodeAssignment = (bytes: Buffer): ConsumerAssignment =>
  bytes.length === 0
    ? { assignedPartitions: [], userData: null }
    : decode(consumerAssignment, bytes, 'consumer assignment')

function encode<S extends Struct>(description: S, version: number, value: EncodableOf<S>, place: string): Buffer {
  const [min, max] = CONSUMER_PROTOCOL_VERSIONS
  if (version < min || version > max) throw new ProtocolError(`version ${version} is not spoken`, place)
  const writer = new Writer()
  try {
    writer.int16(version)
    structCodec(description, version, false).write(writer, value)
  } catch (error) {
    throw within(`${place} v${version}`, error)
  }
  return Buffer.concat(writer.finish())
}

/** Newer versions only add at the end: they are read as the newest we know, as Kafka's clients do. */
function decode<S extends Struct>(description: S, bytes: Buffer, place: string): DecodedOf<S> {
  const reader = new Reader(bytes)
  try {
    const version = reader.int16()
    if (version < CONSUMER_PROTOCOL_VERSIONS[0]) throw new ProtocolError(`version ${version}`)
    return structCodec(description, Math.min(version, CONSUMER_PROTOCOL_VERSIONS[1]), false).read(reader)
  } catch (error) {
    throw within(place, error)
  }
}
