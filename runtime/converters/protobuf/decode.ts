import { DataError, isDataError } from '../../api/errors.ts'
import { absentValue, enumReader, type ReadValue, scalarReader } from './decode-scalar.ts'
import { wireTypes } from './encode-scalar.ts'
import { logicalMessages, logicalReaders } from './logical.ts'
import { isScalar, mapEntry, type ProtoField, type ProtoMessage } from './model.ts'
import type { ProtobufSettings } from './settings.ts'
import { unionField, wrappedField } from './to-connect.ts'
import { WireReader } from './wire-read.ts'
import { BYTES, VARINT } from './wire-write.ts'

type Struct = Record<string, unknown>

/** What happens to one field's bytes. */
interface Slot {
  readonly wire: number
  /** Also takes a run of values in one. */
  readonly packable: boolean
  read(reader: WireReader, target: Struct): void
}

interface Element {
  readonly wire: number
  /** `before`: the struct that the same field gave earlier in the message, with which Protobuf merges this one. */
  readonly read: (reader: WireReader, before: unknown) => unknown
}

/** Compiles the reader of a payload; `message` must have a Connect schema (see ConnectSchemas), so it does not contain itself. */
export const compileReader = (
  message: ProtoMessage,
  settings: ProtobufSettings,
): ((payload: Uint8Array) => unknown) => {
  const wrapped = settings.wrapperPrimitives ? wrappedField(message) : undefined
  const compiler = new Compiler(settings)
  const read =
    wrapped === undefined
      ? compiler.struct(message, message.name)
      : unwrap(wrapped, compiler.element(wrapped, message.name), settings)
  const reader = new WireReader()
  return payload => {
    reader.reset(payload)
    return read(reader, null)
  }
}

/** Reads a wrapper's only field; absent, it stands for zero. */
const unwrap = (field: ProtoField, { wire, read }: Element, settings: ProtobufSettings): Element['read'] => {
  const absent = absentValue(field, settings.intEnums)
  return reader => {
    let value: unknown = absent
    while (reader.pos < reader.end) {
      const tag = reader.tag()
      if (tag === ((field.number << 3) | wire)) value = read(reader, null)
      else reader.skip(tag)
    }
    return value
  }
}

class Compiler {
  readonly #settings: ProtobufSettings
  readonly #structs = new Map<ProtoMessage, Element['read']>()

  constructor(settings: ProtobufSettings) {
    this.#settings = settings
  }

  /** Reads the message that was entered as a struct with all fields of its schema, in the schema's order. */
  struct(message: ProtoMessage, place: string): Element['read'] {
    const known = this.#structs.get(message)
    if (known !== undefined) return known
    const template: Struct = {}
    const fresh: (readonly [string, () => unknown])[] = []
    const slots = new Map<number, Slot>()
    for (const oneof of message.oneofs) {
      const members = message.fields.filter(field => field.oneof === oneof)
      const slotOf = this.#settings.flattenUnions
        ? this.#flattened(template, members)
        : this.#union(template, unionField(message, oneof, this.#settings), members)
      for (const field of members) slots.set(field.number, slotOf(field, this.element(field, `${place}.${field.name}`)))
    }
    for (const field of message.fields) {
      if (field.oneof !== undefined) continue
      const at = `${place}.${field.name}`
      const entry = mapEntry(field)
      const element = entry === undefined ? this.element(field, at) : this.#entry(entry, at)
      slots.set(field.number, slotFor(field, element, entry !== undefined))
      template[field.name] = null
      if (entry !== undefined) fresh.push([field.name, () => new Map()])
      else if (field.repeated) fresh.push([field.name, () => []])
      else this.#absent(field, element, template, fresh)
    }
    const required = message.fields.filter(field => field.required).map(field => field.name)
    const read = structReader(template, fresh, slots, required, place)
    this.#structs.set(message, read)
    return read
  }

  /** What a singular field is while its message does not hold it. */
  #absent(field: ProtoField, { read }: Element, template: Struct, fresh: (readonly [string, () => unknown])[]): void {
    const { optionalProto2, structForNulls, intEnums } = this.#settings
    const { name, type, presence, required, proto3Optional } = field
    // Filled at the end, or an error.
    if (required) return
    if (!isScalar(type) && type.kind === 'message') {
      if (structForNulls) fresh.push([name, () => emptyMessage(read)])
      return
    }
    const nullable = proto3Optional || (optionalProto2 && presence)
    if (!nullable || structForNulls) template[name] = absentValue(field, intEnums)
  }

  #flattened(template: Struct, members: readonly ProtoField[]): (field: ProtoField, element: Element) => Slot {
    const names = members.map(field => field.name)
    for (const name of names) template[name] = null
    return ({ name }, { wire, read }) => ({
      wire,
      packable: false,
      read(reader, target) {
        const value = read(reader, target[name])
        if (value === undefined) return
        for (const other of names) target[other] = null
        target[name] = value
      },
    })
  }

  #union(
    template: Struct,
    union: string,
    members: readonly ProtoField[],
  ): (field: ProtoField, element: Element) => Slot {
    template[union] = null
    const empty: Struct = Object.fromEntries(members.map(field => [field.name, null]))
    return ({ name }, { wire, read }) => ({
      wire,
      packable: false,
      read(reader, target) {
        const before = target[union] as Struct | null
        const value = read(reader, before === null ? null : before[name])
        if (value !== undefined) target[union] = { ...empty, [name]: value }
      },
    })
  }

  element(field: ProtoField, place: string): Element {
    const { type } = field
    if (isScalar(type)) return { wire: wireTypes[type], read: scalarReader(field, type, place) }
    if (type.kind === 'enum') return { wire: VARINT, read: enumReader(type, this.#settings.intEnums) }
    return { wire: BYTES, read: framed(this.#content(type, place)) }
  }

  #content(type: ProtoMessage, place: string): Element['read'] {
    const logical = Object.keys(logicalMessages).find(name => logicalMessages[name] === type.fullName)
    if (logical !== undefined) return placed(logicalReaders[logical]!, place)
    const wrapped = this.#settings.wrapperNullables ? wrappedField(type) : undefined
    return wrapped === undefined
      ? this.struct(type, place)
      : unwrap(wrapped, this.element(wrapped, place), this.#settings)
  }

  /** Reads a map's entry and puts it into the map that is given as what was before. */
  #entry([key, item]: readonly [ProtoField, ProtoField], place: string): Element {
    const readKey = this.element(key, `${place}.key`)
    const readItem = this.element(item, `${place}.value`)
    const keyTag = (key.number << 3) | readKey.wire
    const itemTag = (item.number << 3) | readItem.wire
    const absentKey = absentValue(key, this.#settings.intEnums)
    const absentItem = absentValue(item, this.#settings.intEnums)
    const read = framed((reader, map) => {
      let name: unknown = absentKey
      let member: unknown = absentItem
      while (reader.pos < reader.end) {
        const tag = reader.tag()
        if (tag === keyTag) name = readKey.read(reader, null) ?? absentKey
        else if (tag === itemTag) member = readItem.read(reader, member) ?? absentItem
        else reader.skip(tag)
      }
      ;(map as Map<unknown, unknown>).set(name, member ?? emptyMessage(readItem.read))
      return map
    })
    return { wire: BYTES, read }
  }
}

const structReader =
  (
    template: Struct,
    fresh: readonly (readonly [string, () => unknown])[],
    slots: ReadonlyMap<number, Slot>,
    required: readonly string[],
    place: string,
  ): Element['read'] =>
  (reader, before) => {
    const target = before === null ? { ...template } : (before as Struct)
    if (before === null) {
      for (let index = 0; index < fresh.length; index++) {
        const [name, make] = fresh[index]!
        target[name] = make()
      }
    }
    while (reader.pos < reader.end) {
      const tag = reader.tag()
      const slot = slots.get(tag >>> 3)
      const wire = tag & 7
      if (slot === undefined) reader.skip(tag)
      else if (slot.wire === wire) slot.read(reader, target)
      else if (slot.packable && wire === BYTES) {
        const outer = reader.enter()
        while (reader.pos < reader.end) slot.read(reader, target)
        reader.leave(outer)
      } else reader.skip(tag)
    }
    for (const name of required)
      if (target[name] === null) throw new DataError(`The payload lacks the required field ${place}.${name}`)
    return target
  }

const slotFor = ({ name, repeated }: ProtoField, { wire, read }: Element, map: boolean): Slot => {
  if (repeated && !map) {
    return {
      wire,
      packable: wire !== BYTES,
      read(reader, target) {
        const value = read(reader, null)
        if (value !== undefined) (target[name] as unknown[]).push(value)
      },
    }
  }
  return {
    wire,
    packable: false,
    read(reader, target) {
      const value = read(reader, target[name])
      if (value !== undefined) target[name] = value
    },
  }
}

const framed =
  (read: Element['read']): Element['read'] =>
  (reader, before) => {
    const outer = reader.enter()
    const value = read(reader, before)
    reader.leave(outer)
    return value
  }

const placed =
  (read: ReadValue, place: string): ReadValue =>
  reader => {
    try {
      return read(reader)
    } catch (error) {
      throw new DataError(`The field ${place}: ${(error as Error).message}`, { cause: error })
    }
  }

const nothing = new WireReader()
nothing.buf = Buffer.from([0])

/** What a message without any field stands for; null where none is possible, as for a day without a year. */
const emptyMessage = (read: Element['read']): unknown => {
  nothing.pos = 0
  nothing.end = 1
  try {
    return read(nothing, null)
  } catch (error) {
    if (isDataError(error)) return null
    throw error
  }
}
