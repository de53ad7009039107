import type { ByteWriter } from '../../api/byte-writer.ts'
import { DataError } from '../../api/errors.ts'
import { resolveLazy } from '../../api/lazy.ts'
import type { Schema } from '../../api/schema.ts'
import { isStruct } from '../json-encode.ts'
import { type Encoding, enumEncoding, scalarEncoding, wrongType } from './encode-scalar.ts'
import { logicalMessages, logicalWriters } from './logical.ts'
import { isScalar, mapEntry, type ProtoField, type ProtoMessage } from './model.ts'
import { scrubbed } from './names.ts'
import { generalUnion, type ProtobufSettings, unionPrefix } from './settings.ts'
import { wrappedField } from './to-connect.ts'
import { BYTES, endLength, startLength, writeUint32 } from './wire-write.ts'

/** Writes a value. Throws DataError; what was written before is for the caller to roll back. */
export type WriteValue = (out: ByteWriter, value: unknown) => void

/** A struct whose members are those of a oneof. */
export const isUnion = ({ type, name, parameters }: Schema): boolean =>
  type === 'STRUCT' && (name?.startsWith(unionPrefix) === true || parameters?.[generalUnion] !== undefined)

/**
 * Compiles the writer of a record: closures made once per schema, run per value. `message` comes from the Connect schema or
 * from a registered text; fields are matched by name. Throws DataError when a field's types do not go together.
 */
export const compileRoot = (message: ProtoMessage, schema: Schema, settings: ProtobufSettings): WriteValue => {
  if (schema.type === 'STRUCT') return new Compiler(settings).struct(message, schema, message.name)
  const wrapped = wrappedField(message)
  if (wrapped === undefined)
    throw new DataError(`A value of type ${schema.type} cannot be written as the Protobuf message ${message.fullName}`)
  return new Compiler(settings).field(wrapped, schema, message.name)
}

class Compiler {
  readonly #settings: ProtobufSettings

  constructor(settings: ProtobufSettings) {
    this.#settings = settings
  }

  /** Writes a struct's fields, in the order of their numbers. */
  struct(message: ProtoMessage, schema: Schema, place: string): WriteValue {
    const byName = new Map(message.fields.map(field => [field.name, field]))
    const missing = new Set(message.fields.filter(field => field.required))
    const parts = schema.fields.map(({ name, schema: fieldSchema }) => {
      const at = `${place}.${name}`
      if (isUnion(fieldSchema)) return this.#union(name, byName, fieldSchema, at)
      const field = byName.get(scrubbed(name, this.#settings))
      if (field === undefined) return { name, number: 0, write: absent(name, message) }
      missing.delete(field)
      return { name, number: field.number, write: this.field(field, fieldSchema, at) }
    })
    for (const { name } of missing)
      throw new DataError(
        `The Protobuf message ${message.fullName} requires the field ${name}, which the record does not have`,
      )
    const sorted = parts
      .toSorted((a, b) => a.number - b.number)
      .map(({ name, write }) => ({ name, write, inherited: name in Object.prototype }))
    return (out, value) => {
      if (!isStruct(value)) throw wrongType(place, 'STRUCT', value)
      for (let index = 0; index < sorted.length; index++) {
        const { name, write, inherited } = sorted[index]!
        write(out, inherited && !Object.hasOwn(value, name) ? null : value[name])
      }
    }
  }

  #union(
    name: string,
    byName: ReadonlyMap<string, ProtoField>,
    schema: Schema,
    place: string,
  ): { name: string; number: number; write: WriteValue } {
    const members = schema.fields.map(({ name: member, schema: memberSchema }) => {
      const field = byName.get(scrubbed(member, this.#settings))
      if (field === undefined)
        throw new DataError(`The Protobuf schema has no field ${member}, which the field ${place} of the record holds`)
      return {
        member,
        number: field.number,
        write: this.field(field, memberSchema.with({ optional: true }), `${place}.${member}`),
      }
    })
    return {
      name,
      number: members[0]?.number ?? 0,
      write(out, value) {
        if (value === null || value === undefined) return
        if (!isStruct(value)) throw wrongType(place, 'STRUCT', value)
        let chosen: (typeof members)[number] | undefined
        for (const entry of members) {
          const held = Object.hasOwn(value, entry.member) ? value[entry.member] : null
          if (held === null || held === undefined) continue
          // Only one of a oneof would arrive (invariant 9).
          if (chosen !== undefined)
            throw new DataError(
              `The field ${place} holds both ${chosen.member} and ${entry.member}, of which one is possible`,
            )
          chosen = entry
        }
        if (chosen === undefined) throw new DataError(`The field ${place} holds none of its members`)
        chosen.write(out, value[chosen.member])
      },
    }
  }

  /** Writes a field with its tag; leaves out what is null. */
  field(field: ProtoField, schema: Schema, place: string): WriteValue {
    const entry = mapEntry(field)
    const present =
      entry === undefined
        ? field.repeated
          ? this.#repeated(field, schema, place)
          : this.#singular(field, schema, place)
        : this.#map(field, entry, schema, place)
    const standIn = this.#settings.ignoreDefaults ? undefined : (schema.default ?? undefined)
    const optional = schema.optional && !field.required
    return (out, value) => {
      if (value !== null && value !== undefined) present(out, resolveLazy(value))
      else if (standIn !== undefined) present(out, standIn)
      else if (!optional)
        throw new DataError(`The field ${place} is required and has no default, but its value is null`)
    }
  }

  #singular(field: ProtoField, schema: Schema, place: string): WriteValue {
    const { wire, write, isZero } = this.#encoding(field, schema, place)
    const tag = ((field.number << 3) | wire) >>> 0
    if (field.presence) {
      return (out, value) => {
        writeUint32(out, tag)
        write(out, value)
      }
    }
    return (out, value) => {
      const start = out.pos
      writeUint32(out, tag)
      write(out, value)
      if (isZero(value)) out.pos = start
    }
  }

  #repeated(field: ProtoField, schema: Schema, place: string): WriteValue {
    if (schema.type !== 'ARRAY') throw unlike(schema, field, place)
    const { wire, write } = this.#encoding(field, schema.valueSchema!, place)
    const packed = field.packed && wire !== BYTES
    const tag = ((field.number << 3) | (packed ? BYTES : wire)) >>> 0
    const item = (value: unknown): unknown => {
      if (value !== null && value !== undefined) return resolveLazy(value)
      throw new DataError(`The field ${place} holds a null element, which Protobuf cannot express`)
    }
    return (out, value) => {
      if (!Array.isArray(value)) throw wrongType(place, 'ARRAY', value)
      if (value.length === 0) return
      if (packed) writeUint32(out, tag)
      const start = packed ? startLength(out) : 0
      for (let index = 0; index < value.length; index++) {
        if (!packed) writeUint32(out, tag)
        write(out, item(value[index]))
      }
      if (packed) endLength(out, start)
    }
  }

  #map(field: ProtoField, [key, item]: readonly [ProtoField, ProtoField], schema: Schema, place: string): WriteValue {
    if (schema.type !== 'MAP') throw unlike(schema, field, place)
    // A null key would come back as an empty one (invariant 9).
    const writeKey = this.field(key, schema.keySchema!.with({ optional: false }), `${place}.key`)
    const writeItem = this.field(item, schema.valueSchema!, `${place}.value`)
    const tag = ((field.number << 3) | BYTES) >>> 0
    return (out, value) => {
      if (!(value instanceof Map)) throw wrongType(place, 'MAP', value)
      for (const [name, member] of value) {
        writeUint32(out, tag)
        const start = startLength(out)
        writeKey(out, name)
        writeItem(out, member)
        endLength(out, start)
      }
    }
  }

  #encoding(field: ProtoField, schema: Schema, place: string): Encoding {
    const { type } = field
    if (isScalar(type)) {
      // A logical type has a message of its own: as a plain number its meaning would be lost.
      const encoding = isLogical(schema) ? undefined : scalarEncoding(place, schema, type)
      if (encoding === undefined) throw unlike(schema, field, place)
      return encoding
    }
    if (type.kind === 'enum') {
      const encoding = enumEncoding(place, schema, type)
      if (encoding === undefined) throw unlike(schema, field, place)
      return encoding
    }
    return { wire: BYTES, isZero: () => false, write: framed(this.#content(field, type, schema, place)) }
  }

  /** Writes what is inside a message. */
  #content(field: ProtoField, type: ProtoMessage, schema: Schema, place: string): WriteValue {
    if (isLogical(schema)) {
      if (logicalMessages[schema.name!] !== type.fullName) throw unlike(schema, field, place)
      return placed(logicalWriters[schema.name!]!, place)
    }
    if (schema.type === 'STRUCT') return this.struct(type, schema, place)
    const wrapped = wrappedField(type)
    if (wrapped === undefined) throw unlike(schema, field, place)
    return this.#singular(wrapped, schema, place)
  }
}

const isLogical = ({ name }: Schema): boolean => name !== undefined && Object.hasOwn(logicalMessages, name)

const unlike = (schema: Schema, { type, repeated }: ProtoField, place: string): DataError =>
  new DataError(
    `The field ${place} is ${schema.name ?? schema.type} in the record, but ${repeated ? 'repeated ' : ''}${isScalar(type) ? type : type.fullName} in the Protobuf schema`,
  )

const framed =
  (write: WriteValue): WriteValue =>
  (out, value) => {
    const start = startLength(out)
    write(out, value)
    endLength(out, start)
  }

const placed =
  (write: WriteValue, place: string): WriteValue =>
  (out, value) => {
    try {
      write(out, value)
    } catch (error) {
      throw new DataError(`The field ${place}: ${(error as Error).message}`, { cause: error })
    }
  }

// Nothing is lost while the value is null (invariant 9).
const absent =
  (name: string, message: ProtoMessage): WriteValue =>
  (_, value) => {
    if (value !== null && value !== undefined)
      throw new DataError(
        `The Protobuf message ${message.fullName} has no field ${name}, which the record has; remove it or register a schema with it`,
      )
  }
