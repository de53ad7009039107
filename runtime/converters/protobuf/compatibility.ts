import { isScalar, mapEntry, type ProtoField, type ProtoFile, type ProtoMessage } from './model.ts'

// Types whose bytes are read alike (https://protobuf.dev/programming-guides/proto3/#updating).
const kinds: Readonly<Record<string, string>> = {
  int32: 'varint',
  int64: 'varint',
  uint32: 'varint',
  uint64: 'varint',
  bool: 'varint',
  sint32: 'zigzag',
  sint64: 'zigzag',
  string: 'text',
  bytes: 'text',
  fixed32: '32 bits',
  sfixed32: '32 bits',
  fixed64: '64 bits',
  sfixed64: '64 bits',
  float: 'float',
  double: 'double',
}

/** Why messages of `older` cannot be read by `newer`; undefined when they can. The rules are those of Confluent's registry. */
export const protobufIncompatibility = (newer: ProtoFile, older: ProtoFile): string | undefined => {
  if (newer.package !== older.package)
    return `the package ${older.package || '(none)'} has become ${newer.package || '(none)'}`
  return compareMessages(newer.messages, older.messages, new Set())
}

const compareMessages = (
  newer: readonly ProtoMessage[],
  older: readonly ProtoMessage[],
  seen: Set<ProtoMessage>,
): string | undefined => {
  for (const message of older) {
    const same = newer.find(other => other.name === message.name)
    if (same === undefined) {
      // An entry may have become a `map<>`, which declares none.
      if (message.name.endsWith('Entry')) continue
      return `the message ${message.fullName} is gone`
    }
    const difference = compareMessage(same, message, seen)
    if (difference !== undefined) return difference
  }
  return undefined
}

const compareMessage = (newer: ProtoMessage, older: ProtoMessage, seen: Set<ProtoMessage>): string | undefined => {
  if (seen.has(older)) return undefined
  seen.add(older)
  const before = new Map(older.fields.map(field => [field.number, field]))
  for (const field of newer.fields) {
    const place = `${newer.fullName}.${field.name}`
    const old = before.get(field.number)
    if (old === undefined) {
      if (field.required) return `the field ${place} is new and required`
      continue
    }
    const difference = compareField(field, old, place, seen)
    if (difference !== undefined) return difference
  }
  return goneFields(newer, older) ?? compareMessages(newer.messages, older.messages, seen)
}

const goneFields = (newer: ProtoMessage, older: ProtoMessage): string | undefined => {
  const now = new Map(newer.fields.map(field => [field.number, field]))
  for (const field of older.fields) {
    const place = `${older.fullName}.${field.name}`
    const kept = now.get(field.number)
    if (kept === undefined && field.required) return `the required field ${place} is gone`
    if (kept === undefined && field.oneof !== undefined && newer.oneofs.includes(field.oneof))
      return `the field ${place} of the oneof ${field.oneof} is gone`
    if (kept?.oneof !== undefined && field.oneof === undefined && !movedAlone(newer, older, kept.oneof))
      return `the field ${place} has moved into the oneof ${kept.oneof}`
  }
  return undefined
}

/** One existing field may be put into a new oneof; with two, one of them would be lost. */
const movedAlone = (newer: ProtoMessage, older: ProtoMessage, oneof: string): boolean => {
  if (older.oneofs.includes(oneof)) return false
  const numbers = new Set(older.fields.map(field => field.number))
  return newer.fields.filter(field => field.oneof === oneof && numbers.has(field.number)).length <= 1
}

const compareField = (
  newer: ProtoField,
  older: ProtoField,
  place: string,
  seen: Set<ProtoMessage>,
): string | undefined => {
  const newKind = kindOf(newer)
  const oldKind = kindOf(older)
  if (newKind !== oldKind) return `the field ${place} was ${describe(older)} and has become ${describe(newer)}`
  if (newer.repeated !== older.repeated && newKind !== 'text')
    return `the field ${place} was ${describe(older)} and has become ${describe(newer)}`
  const newEntry = mapEntry(newer)
  const oldEntry = mapEntry(older)
  if (newEntry !== undefined && oldEntry !== undefined) {
    return (
      compareField(newEntry[0], oldEntry[0], `${place}.key`, seen) ??
      compareField(newEntry[1], oldEntry[1], `${place}.value`, seen)
    )
  }
  if (!isMessageType(newer.type) || !isMessageType(older.type)) return undefined
  if (newer.type.name !== older.type.name)
    return `the field ${place} was ${describe(older)} and has become ${describe(newer)}`
  return compareMessage(newer.type, older.type, seen)
}

const isMessageType = (type: ProtoField['type']): type is ProtoMessage => !isScalar(type) && type.kind === 'message'

const kindOf = (field: ProtoField): string => {
  if (isScalar(field.type)) return kinds[field.type]!
  if (field.type.kind === 'enum') return 'varint'
  return mapEntry(field) === undefined ? 'message' : 'map'
}

const describe = ({ type, repeated }: ProtoField): string =>
  `${repeated ? 'repeated ' : ''}${isScalar(type) ? type : type.fullName}`
