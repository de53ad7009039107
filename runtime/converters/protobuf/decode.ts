import { DataError, isDataError } from '../../api/errors.ts'
import { objectMaker } from '../../api/object-maker.ts'
import { absentValue, enumReader, type ReadValue, scalarReader } from './decode-scalar.ts'
import { wireTypes } from './encode-scalar.ts'
import { logicalMessages, logicalReaders } from './logical.ts'
import { isScalar, mapEntry, type ProtoField, type ProtoMessage } from './model.ts'
import type { ProtobufSettings } from './settings.ts'
import { unionField, wrappedField } from './to-connect.ts'
import { WireReader } from './wire-read.ts'
import { BYTES, VARINT } from './wire-write.ts'

type Struct = Readonly<Record<string, unknown>>

/** What happens to one field's bytes. */
interface Slot {
  readonly wire: number
  /** Also takes a run of values in one. */
  readonly packable: boolean
  /** `values`: the struct's members, in the order of its schema. */
  read(reader: WireReader, values: unknown[]): void
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
    try {
      return read(reader, null)
    } finally {
      // The payload is a view: kept, it would keep all that was fetched with it.
      reader.reset(noPayload)
    }
  }
}

const noPayload = Buffer.alloc(0)

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
    const layout = new Layout()
    for (const oneof of message.oneofs) {
      const members = message.fields.filter(field => field.oneof === oneof)
      const elements = members.map(field => this.element(field, `${place}.${field.name}`))
      if (this.#settings.flattenUnions) flattened(layout, members, elements)
      else union(layout, unionField(message, oneof, this.#settings), members, elements)
    }
    for (const field of message.fields) {
      if (field.oneof !== undefined) continue
      const at = `${place}.${field.name}`
      const entry = mapEntry(field)
      const element = entry === undefined ? this.element(field, at) : this.#entry(entry, at)
      const index = layout.add(field.name)
      layout.slots[field.number] = slotFor(index, element, field.repeated && entry === undefined)
      if (field.required) layout.required.push(index)
      else if (entry !== undefined) layout.fresh.push([index, () => new Map()])
      else if (field.repeated) layout.fresh.push([index, () => []])
      else this.#absent(field, element, layout, index)
    }
    const read = structReader(layout, place)
    this.#structs.set(message, read)
    return read
  }

  /** What a singular field is while its message does not hold it. */
  #absent(field: ProtoField, { read }: Element, layout: Layout, index: number): void {
    const { optionalProto2, structForNulls, intEnums } = this.#settings
    const { type, presence, proto3Optional } = field
    if (!isScalar(type) && type.kind === 'message') {
      if (structForNulls) layout.fresh.push([index, () => emptyMessage(read)])
      return
    }
    const nullable = proto3Optional || (optionalProto2 && presence)
    if (!nullable || structForNulls) layout.template[index] = absentValue(field, intEnums)
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

/** How a struct's members lie in the array that they are read into. */
class Layout {
  readonly names: string[] = []
  /** What a member is before its field comes. */
  readonly template: unknown[] = []
  /** Members that must not be shared between records. */
  readonly fresh: (readonly [index: number, make: () => unknown])[] = []
  readonly required: number[] = []
  /** By field number. */
  readonly slots: (Slot | undefined)[] = []

  add(name: string): number {
    this.template.push(null)
    return this.names.push(name) - 1
  }
}

const structReader = (layout: Layout, place: string): Element['read'] => {
  const { names, template, fresh, required, slots } = layout
  const make = objectMaker(names)
  return (reader, before) => {
    const values = before === null ? template.slice() : names.map(name => (before as Struct)[name])
    if (before === null) {
      for (let index = 0; index < fresh.length; index++) {
        const [at, make] = fresh[index]!
        values[at] = make()
      }
    }
    while (reader.pos < reader.end) {
      const tag = reader.tag()
      const slot = slots[tag >>> 3]
      const wire = tag & 7
      if (slot === undefined) reader.skip(tag)
      else if (slot.wire === wire) slot.read(reader, values)
      else if (slot.packable && wire === BYTES) {
        const outer = reader.enter()
        while (reader.pos < reader.end) slot.read(reader, values)
        reader.leave(outer)
      } else reader.skip(tag)
    }
    for (const index of required)
      if (values[index] === null) throw new DataError(`The payload lacks the required field ${place}.${names[index]}`)
    return make(values, 0)
  }
}

const slotFor = (index: number, { wire, read }: Element, list: boolean): Slot =>
  list
    ? {
        wire,
        packable: wire !== BYTES,
        read(reader, values) {
          const value = read(reader, null)
          if (value !== undefined) (values[index] as unknown[]).push(value)
        },
      }
    : {
        wire,
        packable: false,
        read(reader, values) {
          const value = read(reader, values[index])
          if (value !== undefined) values[index] = value
        },
      }

/** Members of a oneof as fields of the struct: the last that comes clears the others. */
const flattened = (layout: Layout, members: readonly ProtoField[], elements: readonly Element[]): void => {
  const indexes = members.map(field => layout.add(field.name))
  for (const [at, { number }] of members.entries()) {
    const { wire, read } = elements[at]!
    const index = indexes[at]!
    layout.slots[number] = {
      wire,
      packable: false,
      read(reader, values) {
        const value = read(reader, values[index])
        if (value === undefined) return
        for (const other of indexes) values[other] = null
        values[index] = value
      },
    }
  }
}

/** Members of a oneof as a struct of their own. */
const union = (layout: Layout, name: string, members: readonly ProtoField[], elements: readonly Element[]): void => {
  const index = layout.add(name)
  const make = objectMaker(members.map(field => field.name))
  for (const [at, { name: member, number }] of members.entries()) {
    const { wire, read } = elements[at]!
    layout.slots[number] = {
      wire,
      packable: false,
      read(reader, values) {
        const before = values[index] as Struct | null
        const value = read(reader, before === null ? null : before[member])
        if (value === undefined) return
        const held = new Array<unknown>(members.length).fill(null)
        held[at] = value
        values[index] = make(held, 0)
      },
    }
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
