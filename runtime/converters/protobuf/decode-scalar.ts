import { DataError } from '../../api/errors.ts'
import { isScalar, type ProtoEnum, type ProtoField, type ScalarType } from './model.ts'
import type { WireReader } from './wire-read.ts'

export type ReadValue = (reader: WireReader) => unknown

const readers: Readonly<Record<ScalarType, ReadValue>> = {
  double: reader => reader.double(),
  float: reader => reader.float(),
  int32: reader => reader.int32(),
  int64: reader => reader.int64(),
  uint32: reader => reader.uint32(),
  uint64: reader => reader.uint64(),
  sint32: reader => reader.sint32(),
  sint64: reader => reader.sint64(),
  fixed32: reader => reader.fixed32(),
  fixed64: reader => reader.fixed64(),
  sfixed32: reader => reader.sfixed32(),
  sfixed64: reader => reader.sfixed64(),
  bool: reader => reader.bool(),
  string: reader => reader.string(),
  bytes: reader => reader.bytes(),
}

/** Reads a scalar; a value outside the Connect type of the field is a DataError (invariant 9). */
export const scalarReader = (field: ProtoField, type: ScalarType, place: string): ReadValue => {
  const read = readers[type]
  if (type === 'uint64' || type === 'fixed64') {
    return reader => {
      const value = read(reader)
      if (typeof value === 'bigint' && value > 0x7fff_ffff_ffff_ffffn)
        throw new DataError(`The field ${place} holds the ${type} ${value}, which is out of the range of INT64`)
      return value
    }
  }
  const connectType = field.params.get('connect.type')
  const most = connectType === 'int8' ? 127 : connectType === 'int16' ? 32767 : undefined
  if (most === undefined || (type !== 'int32' && type !== 'sint32' && type !== 'sfixed32')) return read
  return reader => {
    const value = read(reader) as number
    if (value > most || value < -most - 1)
      throw new DataError(
        `The field ${place} holds ${value}, which is out of the range of ${connectType?.toUpperCase()}`,
      )
    return value
  }
}

/** What Protobuf's Java library calls a number that an open enum does not declare. */
const unknownSymbol = (type: ProtoEnum, number: number): string => `UNKNOWN_ENUM_VALUE_${type.name}_${number}`

/** Reads a symbol, or the number under `int.for.enums`. Gives undefined for a number that a closed enum does not declare. */
export const enumReader = (type: ProtoEnum, asNumber: boolean): ReadValue => {
  // The first name of a number is its name; the others are aliases.
  const symbols = new Map(type.values.toReversed().map(([symbol, number]) => [number, symbol]))
  return reader => {
    const number = reader.int32()
    const symbol = symbols.get(number)
    if (symbol === undefined) return type.closed ? undefined : asNumber ? number : unknownSymbol(type, number)
    return asNumber ? number : symbol
  }
}

/** What an absent scalar or enum stands for: proto2's `default`, else zero, the empty value or the first symbol. */
export const absentValue = ({ type, standIn, name }: ProtoField, intEnums: boolean): unknown => {
  if (!isScalar(type)) {
    if (type.kind === 'message') return null
    const given = type.values.find(([symbol]) => symbol === standIn) ?? type.values[0]
    return intEnums ? given?.[1] : given?.[0]
  }
  if (type === 'bytes')
    return standIn === undefined ? new Uint8Array() : Uint8Array.from(Buffer.from(String(standIn), 'latin1'))
  if (standIn === undefined) return type === 'string' ? '' : type === 'bool' ? false : 0
  // protobufjs has parsed it as a number, which has lost digits beyond 2^53.
  if (typeof standIn === 'number' && type !== 'double' && type !== 'float' && !Number.isSafeInteger(standIn))
    throw new DataError(`The default of the field ${name} is beyond 2^53, which is not supported`)
  return standIn
}
