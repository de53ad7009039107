import { Reader, Writer } from '../../protocol/primitives.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import type { GroupSnapshot } from './group-snapshot.ts'

/**
 * Keys and values of `__consumer_offsets`, in Kafka's format: what reads that topic of a Kafka cluster reads ours. Key
 * versions 0 and 1 are offsets, 2 is a group. A record without value deletes what its key names.
 */
export interface CommittedOffset {
  readonly offset: number
  /** -1: not known. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Milliseconds. */
  readonly committedAt: number
}

export type OffsetKey =
  | { readonly kind: 'offset'; readonly group: string; readonly topic: string; readonly partition: number }
  | { readonly kind: 'group'; readonly group: string }

const OFFSET_KEY = 1
const GROUP_KEY = 2
const VALUE_VERSION = 3

export function encodeKey(key: OffsetKey): Buffer {
  const writer = new Writer(64)
  writer.int16(key.kind === 'offset' ? OFFSET_KEY : GROUP_KEY)
  writer.string(key.group)
  if (key.kind === 'offset') {
    writer.string(key.topic)
    writer.int32(key.partition)
  }
  return Buffer.concat(writer.finish())
}

/** null: a kind of record that this broker does not write. */
export function decodeKey(bytes: Buffer): OffsetKey | null {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version === GROUP_KEY) return { kind: 'group', group: reader.string() }
  if (version !== 0 && version !== OFFSET_KEY) return null
  return { kind: 'offset', group: reader.string(), topic: reader.string(), partition: reader.int32() }
}

export function encodeOffset(value: CommittedOffset): Buffer {
  const writer = new Writer(64)
  writer.int16(VALUE_VERSION)
  writer.int64(value.offset)
  writer.int32(value.leaderEpoch)
  writer.string(value.metadata)
  writer.int64(value.committedAt)
  return Buffer.concat(writer.finish())
}

export function decodeOffset(bytes: Buffer): CommittedOffset {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version < 0 || version > VALUE_VERSION) throw new ProtocolError(`version ${version}`, 'committed offset')
  return {
    offset: reader.int64(),
    leaderEpoch: version >= 3 ? reader.int32() : -1,
    metadata: reader.string(),
    committedAt: reader.int64(),
  }
}

export function encodeGroup(group: GroupSnapshot): Buffer {
  const writer = new Writer(256)
  writer.int16(VALUE_VERSION)
  writer.string(group.protocolType)
  writer.int32(group.generation)
  writer.nullableString(group.protocol)
  writer.nullableString(group.leader)
  writer.int64(group.since)
  writer.int32(group.members.length)
  for (const member of group.members) {
    writer.string(member.memberId)
    writer.nullableString(member.instanceId)
    writer.string(member.clientId)
    writer.string(member.clientHost)
    writer.int32(member.rebalanceTimeoutMs)
    writer.int32(member.sessionTimeoutMs)
    writer.bytes(member.subscription)
    writer.bytes(member.assignment)
  }
  return Buffer.concat(writer.finish())
}

/** Bytes are copied: they outlive what was read. */
export function decodeGroup(bytes: Buffer): GroupSnapshot {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version !== VALUE_VERSION) throw new ProtocolError(`version ${version}`, 'group')
  return {
    protocolType: reader.string(),
    generation: reader.int32(),
    protocol: reader.nullableString(),
    leader: reader.nullableString(),
    since: reader.int64(),
    members: Array.from({ length: reader.arrayLength() }, () => ({
      memberId: reader.string(),
      instanceId: reader.nullableString(),
      clientId: reader.string(),
      clientHost: reader.string(),
      rebalanceTimeoutMs: reader.int32(),
      sessionTimeoutMs: reader.int32(),
      subscription: Buffer.from(reader.bytes()),
      assignment: Buffer.from(reader.bytes()),
    })),
  }
}
