import type { Reader, Writer } from './primitives.ts'
import { Writer as ByteCounter } from './primitives.ts'
import { ProtocolError, within } from './protocol-error.ts'
import { type DecodedOf, type EncodableOf, type Field, type FieldType, inRange, type Struct } from './schema.ts'

/** Reads and writes one type in one version. */
export interface Codec<D = unknown, E = unknown> {
  read(reader: Reader): D
  write(writer: Writer, value: E): void
}

const cache = new WeakMap<Struct, Map<number, Codec>>()

/**
 * The codec of a struct in a version; built on first use and kept. `flexible` says whether lengths are compact and tagged
 * fields follow.
 */
export function structCodec<S extends Struct>(
  struct: S,
  version: number,
  flexible: boolean,
): Codec<DecodedOf<S>, EncodableOf<S>> {
  let codecs = cache.get(struct)
  if (codecs === undefined) cache.set(struct, (codecs = new Map()))
  const key = version * 2 + (flexible ? 1 : 0)
  let codec = codecs.get(key)
  if (codec === undefined) codecs.set(key, (codec = new StructCodec(struct, version, flexible)))
  return codec as Codec<DecodedOf<S>, EncodableOf<S>>
}

type Values = Record<string, unknown>

interface PlannedField {
  readonly name: string
  readonly field: Field
  /** null: this version does not carry the field, or carries it as a tagged one. */
  readonly codec: Codec | null
}

class StructCodec implements Codec {
  readonly #version: number
  readonly #flexible: boolean
  /** In the order of the description: decoded objects of all versions share one shape. */
  readonly #plan: readonly PlannedField[]
  readonly #tagged: readonly { readonly name: string; readonly field: Field; readonly codec: Codec }[]

  constructor(struct: Struct, version: number, flexible: boolean) {
    this.#version = version
    this.#flexible = flexible
    const entries = Object.entries(struct.fields)
    const isTagged = (field: Field) => inRange(version, field.tagged) && inRange(version, field.versions)
    const codecOf = (field: Field) => typeCodec(field.type, version, flexible, inRange(version, field.nullable))
    this.#plan = entries.map(([name, field]) => ({
      name,
      field,
      codec: inRange(version, field.versions) && !isTagged(field) ? codecOf(field) : null,
    }))
    this.#tagged = entries
      .filter(([, field]) => isTagged(field))
      .map(([name, field]) => ({ name, field, codec: codecOf(field) }))
      .sort((a, b) => a.field.tag - b.field.tag)
  }

  read(reader: Reader): Values {
    const values: Values = {}
    let name = ''
    try {
      for (const planned of this.#plan) {
        name = planned.name
        values[name] = planned.codec === null ? initialValue(planned.field) : planned.codec.read(reader)
      }
      name = 'tagged fields'
      if (this.#flexible) this.#readTagged(reader, values)
    } catch (error) {
      throw within(name, error)
    }
    return values
  }

  #readTagged(reader: Reader, values: Values): void {
    for (let count = reader.uvarint(); count > 0; count--) {
      const tag = reader.uvarint()
      const size = reader.uvarint()
      const end = reader.skip(size) + size
      const known = this.#tagged.find(({ field }) => field.tag === tag)
      if (known === undefined) continue
      reader.pos = end - size
      values[known.name] = known.codec.read(reader)
      if (reader.pos !== end) throw new ProtocolError(`${known.name} has ${size} bytes, ${end - reader.pos} left over`)
    }
  }

  write(writer: Writer, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new ProtocolError(`${value} where a struct is wanted`)
    const values = value as Values
    let name = ''
    try {
      for (const planned of this.#plan) {
        name = planned.name
        const given = values[name]
        if (planned.codec !== null) {
          planned.codec.write(writer, given === undefined ? initialValue(planned.field) : given)
        } else if (given !== undefined && !this.#mayDrop(planned.field, given)) {
          throw new ProtocolError(`version ${this.#version} cannot carry it`)
        }
      }
      if (this.#flexible) {
        name = 'tagged fields'
        this.#writeTagged(writer, values)
      }
    } catch (error) {
      throw within(name, error)
    }
  }

  #mayDrop(field: Field, given: unknown): boolean {
    return field.ignorable || inRange(this.#version, field.tagged) || isInitial(field, given)
  }

  #writeTagged(writer: Writer, values: Values): void {
    const present = this.#tagged.filter(({ name, field }) => !isInitial(field, values[name]))
    writer.uvarint(present.length)
    for (const { name, field, codec } of present) {
      const section = new ByteCounter()
      try {
        codec.write(section, values[name])
      } catch (error) {
        throw within(name, error)
      }
      writer.uvarint(field.tag)
      writer.uvarint(section.length)
      for (const chunk of section.finish()) writer.writeBytes(chunk)
    }
  }
}

/** A new value each time for what can be changed by its receiver. */
function initialValue(field: Field): unknown {
  if (field.initial !== undefined) return field.initial
  if (field.type.kind === 'array') return []
  if (field.type.kind === 'scalar') return null
  const values: Values = {}
  for (const [name, inner] of Object.entries(field.type.struct.fields)) values[name] = initialValue(inner)
  return values
}

function isInitial(field: Field, value: unknown): boolean {
  if (value === undefined || value === field.initial) return true
  if (field.initial === null || value === null) return false
  if (Array.isArray(value)) return value.length === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (field.type.kind !== 'struct') return false
  const values = value as Values
  return Object.entries(field.type.struct.fields).every(([name, inner]) => isInitial(inner, values[name]))
}

function typeCodec(type: FieldType, version: number, flexible: boolean, nullable: boolean): Codec {
  if (type.kind === 'array') {
    return new ArrayCodec(typeCodec(type.element, version, flexible, false), flexible, nullable)
  }
  if (type.kind === 'struct') {
    const codec = structCodec(type.struct, version, flexible)
    return nullable ? nullableStruct(codec as Codec) : (codec as Codec)
  }
  switch (type.name) {
    case 'string':
      return nullable ? (flexible ? compactNullableString : nullableString) : flexible ? compactString : string
    case 'bytes':
      return nullable ? (flexible ? compactNullableBytes : nullableBytes) : flexible ? compactBytes : bytes
    case 'records':
      return recordsCodec(flexible, nullable)
    default:
      return fixed[type.name]
  }
}

class ArrayCodec implements Codec {
  readonly #element: Codec
  readonly #flexible: boolean
  readonly #nullable: boolean

  constructor(element: Codec, flexible: boolean, nullable: boolean) {
    this.#element = element
    this.#flexible = flexible
    this.#nullable = nullable
  }

  read(reader: Reader): unknown[] | null {
    const length = this.#flexible ? reader.compactArrayLength() : reader.arrayLength()
    if (length < 0) {
      if (this.#nullable) return null
      throw new ProtocolError('null where an array must not be null')
    }
    const elements: unknown[] = []
    for (let i = 0; i < length; i++) {
      try {
        elements.push(this.#element.read(reader))
      } catch (error) {
        throw within(`[${i}]`, error)
      }
    }
    return elements
  }

  write(writer: Writer, value: unknown): void {
    if (value === null && this.#nullable) {
      if (this.#flexible) writer.uvarint(0)
      else writer.int32(-1)
      return
    }
    if (!Array.isArray(value)) throw new ProtocolError(`${value} where an array is wanted`)
    if (this.#flexible) writer.uvarint(value.length + 1)
    else writer.int32(value.length)
    for (let i = 0; i < value.length; i++) {
      try {
        this.#element.write(writer, value[i])
      } catch (error) {
        throw within(`[${i}]`, error)
      }
    }
  }
}

const nullableStruct = (codec: Codec): Codec => ({
  read: reader => (reader.int8() < 0 ? null : codec.read(reader)),
  write(writer, value) {
    writer.int8(value === null ? -1 : 1)
    if (value !== null) codec.write(writer, value)
  },
})

function recordsCodec(flexible: boolean, nullable: boolean): Codec {
  return {
    read(reader) {
      const records = flexible ? reader.compactNullableBytes() : reader.nullableBytes()
      if (records === null && !nullable) throw new ProtocolError('null where records must not be null')
      return records
    },
    write(writer, value) {
      if (value === null && nullable) {
        if (flexible) writer.uvarint(0)
        else writer.int32(-1)
        return
      }
      const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
      let size = 0
      for (const part of parts) {
        if (!Buffer.isBuffer(part)) throw new ProtocolError(`${typeof part} where record buffers are wanted`)
        size += part.length
      }
      if (flexible) writer.uvarint(size + 1)
      else writer.int32(size)
      for (const part of parts as readonly Buffer[]) writer.foreign(part)
    },
  }
}

// The casts are safe: Writer itself refuses values of another type.
const fixed = {
  boolean: { read: r => r.boolean(), write: (w, v) => w.boolean(v as boolean) },
  int8: { read: r => r.int8(), write: (w, v) => w.int8(v as number) },
  int16: { read: r => r.int16(), write: (w, v) => w.int16(v as number) },
  uint16: { read: r => r.uint16(), write: (w, v) => w.uint16(v as number) },
  int32: { read: r => r.int32(), write: (w, v) => w.int32(v as number) },
  uint32: { read: r => r.uint32(), write: (w, v) => w.uint32(v as number) },
  int64: { read: r => r.int64(), write: (w, v) => w.int64(v as number) },
  bigint64: { read: r => r.bigint64(), write: (w, v) => w.bigint64(v as bigint) },
  float64: { read: r => r.float64(), write: (w, v) => w.float64(v as number) },
  uuid: { read: r => r.uuid(), write: (w, v) => w.uuid(v as string) },
} satisfies Record<string, Codec>

const string: Codec = { read: r => r.string(), write: (w, v) => w.string(v as string) }
const nullableString: Codec = { read: r => r.nullableString(), write: (w, v) => w.nullableString(v as string | null) }
const compactString: Codec = { read: r => r.compactString(), write: (w, v) => w.compactString(v as string) }
const compactNullableString: Codec = {
  read: r => r.compactNullableString(),
  write: (w, v) => w.compactNullableString(v as string | null),
}
const bytes: Codec = { read: r => r.bytes(), write: (w, v) => w.bytes(v as Uint8Array) }
const nullableBytes: Codec = { read: r => r.nullableBytes(), write: (w, v) => w.nullableBytes(v as Uint8Array | null) }
const compactBytes: Codec = { read: r => r.compactBytes(), write: (w, v) => w.compactBytes(v as Uint8Array) }
const compactNullableBytes: Codec = {
  read: r => r.compactNullableBytes(),
  write: (w, v) => w.compactNullableBytes(v as Uint8Array | null),
}
