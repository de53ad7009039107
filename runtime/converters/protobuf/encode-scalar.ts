import type { ByteWriter } from '../../api/byte-writer.ts'
import { DataError } from '../../api/errors.ts'
import { javaClass } from '../../api/java-text.ts'
import type { Schema, SchemaType } from '../../api/schema.ts'
import type { ProtoEnum, ScalarType } from './model.ts'
import { generalEnum, protobufEnum } from './settings.ts'
import {
  BYTES,
  FIXED32,
  FIXED64,
  VARINT,
  writeBytes,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeFloat,
  writeString,
  writeVarint,
  writeZigZag32,
  writeZigZag64,
} from './wire-write.ts'

/** How the values of one field are written, without the field's tag. */
export interface Encoding {
  readonly wire: number
  /** Throws DataError; what was written before is for the caller to roll back. */
  readonly write: (out: ByteWriter, value: unknown) => void
  /** What a field without presence leaves out. Asked only about values that could be written. */
  readonly isZero: (value: unknown) => boolean
}

export const wireTypes: Readonly<Record<ScalarType, number>> = {
  double: FIXED64,
  float: FIXED32,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
  uint64: VARINT,
  sint32: VARINT,
  sint64: VARINT,
  fixed32: FIXED32,
  fixed64: FIXED64,
  sfixed32: FIXED32,
  sfixed64: FIXED64,
  bool: VARINT,
  string: BYTES,
  bytes: BYTES,
}

export const wrongType = (place: string, type: string, value: unknown): DataError =>
  new DataError(`Invalid type for ${type} of the field ${place}: class ${javaClass(value)}`)

const outOfRange = (place: string, type: string, value: number | bigint): DataError =>
  new DataError(`The field ${place} cannot hold ${value}: out of the range of ${type}`)

const isZeroInteger = (value: unknown): boolean => value === 0 || value === 0n

const limits: Readonly<Partial<Record<SchemaType | ScalarType, readonly [number, number]>>> = {
  INT8: [-128, 127],
  INT16: [-32768, 32767],
  INT32: [-2147483648, 2147483647],
  int32: [-2147483648, 2147483647],
  sint32: [-2147483648, 2147483647],
  sfixed32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  fixed32: [0, 4294967295],
}

const narrow = (
  place: string,
  connect: SchemaType,
  proto: ScalarType,
  put: (out: ByteWriter, value: number) => void,
): Encoding => {
  const [low, high] = limits[connect] ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  const [least, most] = limits[proto]!
  const min = Math.max(low, least)
  const max = Math.min(high, most)
  return {
    wire: wireTypes[proto],
    isZero: isZeroInteger,
    write(out, value) {
      const number = typeof value === 'bigint' && connect === 'INT64' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number)) throw wrongType(place, connect, value)
      if (number < min || number > max) throw outOfRange(place, number < low || number > high ? connect : proto, number)
      put(out, number)
    },
  }
}

const wide = (
  place: string,
  connect: SchemaType,
  proto: ScalarType,
  put: (out: ByteWriter, value: number | bigint) => void,
): Encoding => {
  const [low, high] = limits[connect] ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  const signed = !proto.startsWith('u') && !proto.startsWith('f')
  return {
    wire: wireTypes[proto],
    isZero: isZeroInteger,
    write(out, value) {
      if (typeof value === 'bigint' && connect === 'INT64') {
        if (BigInt.asIntN(64, value) !== value) throw outOfRange(place, connect, value)
      } else if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(place, connect, value)
      else if (value < low || value > high) throw outOfRange(place, connect, value)
      if (!signed && value < 0) throw outOfRange(place, proto, value)
      put(out, value)
    },
  }
}

const integer = (place: string, connect: SchemaType, proto: ScalarType): Encoding | undefined => {
  switch (proto) {
    case 'int32':
    case 'uint32':
      return narrow(place, connect, proto, writeVarint)
    case 'sint32':
      return narrow(place, connect, proto, writeZigZag32)
    case 'fixed32':
    case 'sfixed32':
      return narrow(place, connect, proto, writeFixed32)
    case 'int64':
    case 'uint64':
      return wide(place, connect, proto, writeVarint)
    case 'sint64':
      return wide(place, connect, proto, writeZigZag64)
    case 'fixed64':
    case 'sfixed64':
      return wide(place, connect, proto, writeFixed64)
    default:
      return undefined
  }
}

const real = (place: string, connect: SchemaType, proto: ScalarType): Encoding => {
  const put = proto === 'double' ? writeDouble : writeFloat
  return {
    wire: wireTypes[proto],
    isZero: value => Object.is(value, 0),
    write(out, value) {
      if (typeof value !== 'number') throw wrongType(place, connect, value)
      put(out, value)
    },
  }
}

/** The encoding of a Connect type as a scalar; undefined when values could be lost or changed. */
export const scalarEncoding = (place: string, { type }: Schema, proto: ScalarType): Encoding | undefined => {
  switch (type) {
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return integer(place, type, proto)
    case 'FLOAT32':
      return proto === 'float' || proto === 'double' ? real(place, type, proto) : undefined
    case 'FLOAT64':
      return proto === 'double' ? real(place, type, proto) : undefined
    case 'BOOLEAN':
      return proto === 'bool' ? boolean(place) : undefined
    case 'STRING':
      return proto === 'string' ? text(place) : undefined
    case 'BYTES':
      return proto === 'bytes' ? bytes(place) : undefined
    default:
      return undefined
  }
}

const boolean = (place: string): Encoding => ({
  wire: VARINT,
  isZero: value => value === false,
  write(out, value) {
    if (typeof value !== 'boolean') throw wrongType(place, 'BOOLEAN', value)
    out.writeByte(value ? 1 : 0)
  },
})

const text = (place: string): Encoding => ({
  wire: BYTES,
  isZero: value => value === '',
  write(out, value) {
    if (typeof value !== 'string') throw wrongType(place, 'STRING', value)
    writeString(out, value)
  },
})

const bytes = (place: string): Encoding => ({
  wire: BYTES,
  isZero: value => (value as Uint8Array).length === 0,
  write(out, value) {
    if (!(value instanceof Uint8Array)) throw wrongType(place, 'BYTES', value)
    writeBytes(out, value)
  },
})

/** The encoding of a symbol (STRING) or a number (INT8 to INT32) as an enum; undefined for other Connect types. */
export const enumEncoding = (place: string, schema: Schema, type: ProtoEnum): Encoding | undefined => {
  if (schema.type !== 'STRING') return schema.type === 'INT64' ? undefined : scalarEncoding(place, schema, 'int32')
  const numbers = new Map(type.values)
  const unknown = `UNKNOWN_ENUM_VALUE_${type.name}_`
  const numberOf = (symbol: string): number | undefined => {
    const known = numbers.get(symbol)
    if (known !== undefined || !symbol.startsWith(unknown)) return known
    // What a reader made of a number that its schema did not have goes back to the number.
    const number = Number(symbol.slice(unknown.length))
    return Number.isInteger(number) && !type.closed ? number | 0 : undefined
  }
  return {
    wire: VARINT,
    isZero: value => numbers.get(value as string) === 0,
    write(out, value) {
      if (typeof value !== 'string') throw wrongType(place, 'STRING', value)
      const number = numberOf(value)
      if (number === undefined)
        throw new DataError(`The field ${place}: "${value}" is no symbol of the enum ${type.name}`)
      writeVarint(out, number)
    },
  }
}

/** The parameter that names an enum in a Connect schema; undefined when the schema is none. */
export const enumParameter = ({ type, parameters }: Schema): string | undefined => {
  if (parameters === undefined || (type !== 'STRING' && type !== 'INT32')) return undefined
  if (type === 'STRING' && parameters[generalEnum] !== undefined) return generalEnum
  return parameters[protobufEnum] === undefined ? undefined : protobufEnum
}
