import type { ByteWriter } from '../../api/byte-writer.ts'
import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { resolveLazy } from '../../api/lazy.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import type { Schema } from '../../api/schema.ts'
import { isStruct } from '../json-encode.ts'
import { connectDefault } from './defaults.ts'
import { isUnion } from './from-connect.ts'
import { type AvroRecord, type AvroType, type AvroUnion, propsOf, typeName } from './model.ts'
import { fieldName } from './names.ts'
import type { AvroSettings } from './settings.ts'
import { entryOf, isNull, memberName } from './shapes.ts'
import { ConnectSchemas } from './to-connect.ts'
import { writeByte, writeBytes, writeDouble, writeFloat, writeLong, writeString } from './wire-write.ts'

/** Writes a value. Throws DataError; what was written before is for the caller to roll back. */
export type WriteAvro = (out: ByteWriter, value: unknown) => void

const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? 'null'
    : typeof value === 'object'
      ? (value.constructor?.name ?? 'object')
      : typeof value

const wrongType = (place: string, expected: string, value: unknown): DataError =>
  new DataError(`Invalid type for ${place}: ${expected} was expected, not ${kindOf(value)}`)

const mismatch = (place: string, schema: Schema, type: AvroType): DataError =>
  new DataError(`${place}: a value of type ${schema.name ?? schema.type} cannot be written as Avro's ${typeName(type)}`)

const limits: Readonly<Record<string, number>> = { INT8: 2 ** 7, INT16: 2 ** 15, INT32: 2 ** 31 }

const isInt64 = (value: unknown): value is number | bigint =>
  (typeof value === 'number' && Number.isSafeInteger(value)) ||
  (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)

/** Numbers of a logical type, from a Date. */
const dateNumber = (place: string, { name }: Schema, value: unknown): number => {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw wrongType(place, 'Date', value)
  const ms = value.getTime()
  if (name === DATE) {
    if (ms % 86_400_000 !== 0)
      throw new DataError(`${place}: a Date has no time of day, this one is ${value.toISOString()}`)
    return ms / 86_400_000
  }
  if (name === TIME && (ms < 0 || ms >= 86_400_000))
    throw new DataError(`${place}: a Time lies within one day, this one is ${value.toISOString()}`)
  return ms
}

const isDateLike = ({ name }: Schema): boolean => name === DATE || name === TIME || name === TIMESTAMP

/** Compiles the writer of values of a Connect schema as an Avro type says, which may be a registered one. */
export const compileAvro = (type: AvroType, schema: Schema, settings: AvroSettings): WriteAvro =>
  new Compiler(settings).value(type, schema, schema.name ?? schema.type)

class Compiler {
  readonly #settings: AvroSettings

  constructor(settings: AvroSettings) {
    this.#settings = settings
  }

  /** With null and defaults taken care of. */
  value(type: AvroType, schema: Schema, place: string): WriteAvro {
    if (isUnion(schema)) return this.#unionStruct(type, schema, place)
    if (type.type === 'union') return this.#union(type, schema, place)
    const write = this.#plain(type, schema, place)
    const standIn = schema.default
    if (standIn !== undefined && standIn !== null)
      return (out, value) => write(out, value === null || value === undefined ? standIn : resolveLazy(value))
    return (out, value) => {
      if (value === null || value === undefined) throw wrongType(place, schema.type, value)
      write(out, resolveLazy(value))
    }
  }

  /** A union that the value is in one branch of: null, or the one that its schema fits. */
  #union(union: AvroUnion, schema: Schema, place: string): WriteAvro {
    const nullAt = union.branches.findIndex(isNull)
    const { index, write } = this.#branch(union, schema, place)
    const standIn = this.#settings.ignoreDefaults ? undefined : schema.default
    return (out, value) => {
      let plain = resolveLazy(value)
      if (plain === null || plain === undefined) plain = standIn
      if (plain === null || plain === undefined) {
        if (nullAt < 0) throw wrongType(place, schema.type, plain)
        writeByte(out, nullAt * 2)
        return
      }
      writeLong(out, index)
      write(out, plain)
    }
  }

  #branch(union: AvroUnion, schema: Schema, place: string): { readonly index: number; readonly write: WriteAvro } {
    let reason: unknown
    for (const [index, branch] of union.branches.entries()) {
      if (isNull(branch)) continue
      try {
        return { index, write: this.#plain(branch, schema, place) }
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        reason ??= error
      }
    }
    throw reason ?? mismatch(place, schema, union)
  }

  /** The struct that stands for a union: the one member that is there is the branch. */
  #unionStruct(type: AvroType, schema: Schema, place: string): WriteAvro {
    if (type.type !== 'union') throw mismatch(place, schema, type)
    const nullAt = type.branches.findIndex(isNull)
    const branches = type.branches.filter(branch => !isNull(branch))
    const members = schema.fields.map(({ name, schema: member }, position) => {
      const branch =
        branches.find((one, index) => memberName(one, index, this.#settings) === name) ?? branches[position]
      if (branch === undefined) throw mismatch(`${place}.${name}`, member, type)
      const write = this.#plain(branch, member.with({ optional: false }), `${place}.${name}`)
      return { name, index: type.branches.indexOf(branch), write }
    })
    return (out, value) => {
      const plain = resolveLazy(value)
      if (plain === null || plain === undefined) {
        if (nullAt < 0) throw wrongType(place, 'a union', plain)
        writeByte(out, nullAt * 2)
        return
      }
      if (!isStruct(plain)) throw wrongType(place, 'STRUCT', plain)
      for (const { name, index, write } of members) {
        const member = plain[name]
        if (member === null || member === undefined) continue
        writeLong(out, index)
        write(out, resolveLazy(member))
        return
      }
      throw new DataError(`${place}: no member of the union has a value`)
    }
  }

  /** Of a value that is not null. */
  #plain(type: AvroType, schema: Schema, place: string): WriteAvro {
    switch (type.type) {
      case 'record':
        if (schema.type !== 'STRUCT') throw mismatch(place, schema, type)
        return this.#record(type, schema, place)
      case 'array': {
        const entry = entryOf(type)
        if (schema.type === 'MAP' && entry !== undefined) return this.#entries(entry, schema, place)
        if (schema.type !== 'ARRAY') throw mismatch(place, schema, type)
        return this.#array(type.items, schema, place)
      }
      case 'map':
        if (schema.type !== 'MAP' || schema.keySchema?.type !== 'STRING') throw mismatch(place, schema, type)
        return this.#map(type.values, schema, place)
      case 'enum':
        if (schema.type !== 'STRING') throw mismatch(place, schema, type)
        return (out, value) => {
          const index = typeof value === 'string' ? type.symbols.indexOf(value) : -1
          if (index < 0) throw new DataError(`${place}: ${String(value)} is no symbol of the enum ${type.name}`)
          writeLong(out, index)
        }
      case 'fixed':
        return this.#fixed(type.size, schema, place, type)
      default:
        return primitive(type, schema, place)
    }
  }

  #record(type: AvroRecord, schema: Schema, place: string): WriteAvro {
    const byName = new Map(schema.fields.map(field => [fieldName(field.name, this.#settings), field]))
    const writers = type.fields.map(field => {
      const own = byName.get(field.name)
      const at = `${place}.${field.name}`
      if (own !== undefined) return { name: own.name, write: this.value(field.type, own.schema, at) }
      if (!('default' in field))
        throw new DataError(`${place} has no field ${field.name}, which the Avro schema ${type.name} requires`)
      const filled = new ConnectSchemas(this.#settings).of(field.type, { optional: field.default === null })
      const write = this.value(field.type, filled, at)
      const standIn = connectDefault(field.type, filled, field.default, this.#settings)
      return { name: field.name, write: (out: ByteWriter) => write(out, standIn) }
    })
    // Every object seems to have a `constructor`.
    const parts = writers.map(part => ({ ...part, inherited: part.name in Object.prototype }))
    return (out, value) => {
      if (!isStruct(value)) throw wrongType(place, 'STRUCT', value)
      for (let index = 0; index < parts.length; index++) {
        const { name, inherited, write } = parts[index]!
        write(out, inherited && !Object.hasOwn(value, name) ? undefined : value[name])
      }
    }
  }

  #array(items: AvroType, schema: Schema, place: string): WriteAvro {
    const write = this.value(items, elementOf(schema, place), `${place}[]`)
    return (out, value) => {
      if (!Array.isArray(value)) throw wrongType(place, 'ARRAY', value)
      if (value.length > 0) {
        writeLong(out, value.length)
        for (const item of value) write(out, item)
      }
      writeByte(out, 0)
    }
  }

  #map(values: AvroType, schema: Schema, place: string): WriteAvro {
    const write = this.value(values, elementOf(schema, place), `${place}{}`)
    return (out, value) => {
      if (!(value instanceof Map)) throw wrongType(place, 'MAP', value)
      if (value.size > 0) {
        writeLong(out, value.size)
        for (const [key, item] of value) {
          if (typeof key !== 'string') throw wrongType(`${place}: a key`, 'STRING', key)
          writeString(out, key)
          write(out, item)
        }
      }
      writeByte(out, 0)
    }
  }

  #entries(entry: { readonly key: AvroType; readonly value: AvroType }, schema: Schema, place: string): WriteAvro {
    if (schema.keySchema === undefined) throw new DataError(`${place}: the keys of the map have no schema`)
    const writeKey = this.value(entry.key, schema.keySchema, `${place}: a key`)
    const write = this.value(entry.value, elementOf(schema, place), `${place}{}`)
    return (out, value) => {
      if (!(value instanceof Map)) throw wrongType(place, 'MAP', value)
      if (value.size > 0) {
        writeLong(out, value.size)
        for (const [key, item] of value) {
          writeKey(out, key)
          write(out, item)
        }
      }
      writeByte(out, 0)
    }
  }

  #fixed(size: number, schema: Schema, place: string, type: AvroType): WriteAvro {
    if (schema.type !== 'BYTES') throw mismatch(place, schema, type)
    const decimal = schema.name === DECIMAL ? decimalBytes(type, schema, place) : undefined
    return (out, value) => {
      if (decimal !== undefined) {
        const bytes = decimal(value)
        if (bytes.length > size) throw new DataError(`${place}: ${value} does not fit ${size} bytes`)
        // Two's complement: the sign goes on.
        out.writeBytes(Buffer.alloc(size - bytes.length, bytes[0]! & 0x80 ? 0xff : 0))
        out.writeBytes(bytes)
        return
      }
      if (!(value instanceof Uint8Array)) throw wrongType(place, 'BYTES', value)
      if (value.length !== size) throw new DataError(`${place}: ${value.length} bytes, where there must be ${size}`)
      out.writeBytes(value)
    }
  }
}

const elementOf = ({ valueSchema }: Schema, place: string): Schema => {
  if (valueSchema !== undefined) return valueSchema
  throw new DataError(`${place}: its elements have no schema`)
}

const decimalBytes = (type: AvroType, schema: Schema, place: string): ((value: unknown) => Buffer) => {
  const own = Number(schema.parameters?.['scale'] ?? 0)
  const scale = propsOf(type)['logicalType'] === 'decimal' ? Number(propsOf(type)['scale'] ?? 0) : own
  return value => {
    if (!(value instanceof Decimal)) throw wrongType(place, 'Decimal', value)
    if (value.scale !== own)
      throw new DataError(
        `${place}: Decimal value has mismatching scale for given Decimal schema. Schema has scale ${own}, value has scale ${value.scale}.`,
      )
    try {
      return value.withScale(scale).toBytes()
    } catch (cause) {
      throw new DataError(`${place}: ${(cause as Error).message}`, { cause })
    }
  }
}

const primitive = (type: AvroType, schema: Schema, place: string): WriteAvro => {
  const integral = schema.type === 'INT8' || schema.type === 'INT16' || schema.type === 'INT32'
  switch (type.type) {
    case 'boolean':
      if (schema.type !== 'BOOLEAN') break
      return (out, value) => {
        if (typeof value !== 'boolean') throw wrongType(place, 'BOOLEAN', value)
        writeByte(out, value ? 1 : 0)
      }
    case 'int':
    case 'long':
      if (type.type === 'int' && !integral) break
      if (isDateLike(schema)) return (out, value) => writeLong(out, dateNumber(place, schema, value))
      if (integral) {
        const limit = limits[schema.type]!
        return (out, value) => {
          if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit)
            throw wrongType(place, schema.type, value)
          writeLong(out, value)
        }
      }
      if (schema.type !== 'INT64') break
      return (out, value) => {
        if (!isInt64(value)) throw wrongType(place, 'INT64', value)
        writeLong(out, value)
      }
    case 'float':
    case 'double': {
      const isFloat = schema.type === 'FLOAT32'
      if (!isFloat && (schema.type !== 'FLOAT64' || type.type === 'float')) break
      const write = type.type === 'float' ? writeFloat : writeDouble
      return (out, value) => {
        if (typeof value !== 'number') throw wrongType(place, schema.type, value)
        write(out, value)
      }
    }
    case 'string':
      if (schema.type !== 'STRING') break
      return (out, value) => {
        if (typeof value !== 'string') throw wrongType(place, 'STRING', value)
        writeString(out, value)
      }
    case 'bytes': {
      if (schema.type !== 'BYTES') break
      if (schema.name === DECIMAL) {
        const decimal = decimalBytes(type, schema, place)
        return (out, value) => writeBytes(out, decimal(value))
      }
      return (out, value) => {
        if (!(value instanceof Uint8Array)) throw wrongType(place, 'BYTES', value)
        writeBytes(out, value)
      }
    }
  }
  throw mismatch(place, schema, type)
}
