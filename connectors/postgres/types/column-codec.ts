import { s } from 'millrace'
import { type BinaryMode, bitCodec, byteaCodec, geometryCodec, unknownCodec } from './binary-codecs.ts'
import { type Codec, parsedCodec, type TextSource } from './codec.ts'
import { arrayCodec, type HstoreMode, hstoreCodec, pointCodec } from './composite-codecs.ts'
import { type IntervalMode, intervalCodec } from './interval-codecs.ts'
import { type DecimalMode, moneyCodec, numericCodec } from './numeric-codecs.ts'
import { asciiCodec, booleanCodec, doubleCodec, integerCodec, realCodec, textCodec } from './plain-codecs.ts'
import {
  dateCodec,
  type TimeMode,
  timeCodec,
  timestampCodec,
  zonedTimeCodec,
  zonedTimestampCodec,
} from './temporal-codecs.ts'
import type { ColumnType } from './type-registry.ts'

/** How values are shown; each member is a setting of that name. */
export interface TypeModes {
  readonly decimal: DecimalMode
  readonly time: TimeMode
  readonly binary: BinaryMode
  readonly hstore: HstoreMode
  readonly interval: IntervalMode
  readonly moneyDigits: number
  readonly unknownTypes: boolean
}

type Make = (type: ColumnType, modes: TypeModes, source: TextSource) => Codec

const semantic =
  (name: string): Make =>
  (_type, _modes, source) =>
    textCodec(s.string({ name: `io.debezium.data.${name}`, version: 1 }), source)

const text: Make = (_type, _modes, source) => textCodec(s.string(), source)

/** Digits of a fraction of a second; 6 when not declared. */
const precision = (type: ColumnType): number => (type.typmod < 0 ? 6 : type.typmod)

const makers: Readonly<Record<string, Make>> = {
  bool: booleanCodec,
  int2: () => integerCodec(s.int16()),
  int4: () => integerCodec(s.int32()),
  int8: () => integerCodec(s.int64()),
  oid: () => integerCodec(s.int64()),
  float4: (_type, _modes, source) => realCodec(source),
  float8: (_type, _modes, source) => doubleCodec(source),
  numeric: (type, modes, source) => numericCodec(type.typmod, modes.decimal, source),
  money: (_type, modes, source) => moneyCodec(modes.moneyDigits, modes.decimal, source),
  text,
  varchar: text,
  bpchar: text,
  char: text,
  // As Debezium: from the stream a value of type name is null, unless unknown types are asked for.
  name: (_type, modes, source) =>
    source === 'copy' || modes.unknownTypes
      ? textCodec(s.string(), source)
      : parsedCodec(s.string(), source, { factor: 0, extra: 0 }, () => null),
  citext: text,
  isbn: text,
  inet: text,
  cidr: text,
  macaddr: text,
  macaddr8: text,
  int4range: text,
  int8range: text,
  numrange: text,
  tsrange: text,
  tstzrange: text,
  daterange: text,
  uuid: () => asciiCodec(s.string({ name: 'io.debezium.data.Uuid', version: 1 })),
  json: semantic('Json'),
  jsonb: semantic('Json'),
  xml: semantic('Xml'),
  ltree: semantic('Ltree'),
  tsvector: semantic('Tsvector'),
  hstore: (_type, modes, source) => hstoreCodec(modes.hstore, source),
  bytea: (_type, modes, source) => byteaCodec(modes.binary, source),
  bit: (type, _modes, source) => bitCodec(type.typmod < 0 ? 1 : type.typmod, source),
  varbit: (type, _modes, source) => bitCodec(type.typmod < 0 ? undefined : type.typmod, source),
  point: (_type, _modes, source) => pointCodec(source),
  date: (_type, modes, source) => dateCodec(modes.time, source),
  time: (type, modes, source) => timeCodec(precision(type), modes.time, source),
  timetz: (_type, _modes, source) => zonedTimeCodec(source),
  timestamp: (type, modes) => timestampCodec(precision(type), modes.time),
  timestamptz: (type, _modes, source) => zonedTimestampCodec(precision(type), source),
  interval: (_type, modes, source) => intervalCodec(modes.interval, source),
}

/** Debezium leaves arrays of these out. */
const notInArrays = new Set(['money', 'name', 'interval', 'varbit', 'xml', 'point'])

/** Arrays whose elements are required in the schema. */
const isStrict = (type: ColumnType, element: ColumnType): boolean =>
  element.enumLabels !== undefined ||
  element.name === 'tsvector' ||
  element.name === 'isbn' ||
  !Object.hasOwn(makers, element.name) ||
  type.name.endsWith('vector')

const arrayOf = (type: ColumnType, element: ColumnType, modes: TypeModes, source: TextSource): Codec | undefined => {
  if (notInArrays.has(element.name)) return undefined
  const item = codecOf(element, modes, 'array')
  if (item === undefined) return undefined
  // An array of bits has the schema of one, and never a value, as in Debezium.
  if (element.name === 'bit') return { ...item, value: () => null, write: () => -1 }
  // pg_type.typdelim: a box has commas of its own.
  return arrayCodec(item, source, !isStrict(type, element), element.name === 'box' ? ';' : ',')
}

/** Types without a schema of their own whose numbers look different in Debezium. */
const geometries = new Set(['line', 'lseg', 'box', 'path', 'polygon', 'circle'])

/** How values of a type are read; undefined: columns of this type are left out. */
export const codecOf = (type: ColumnType, modes: TypeModes, source: TextSource): Codec | undefined => {
  if (type.enumLabels !== undefined) {
    const parameters = { allowed: type.enumLabels.join(',') }
    return textCodec(s.string({ name: 'io.debezium.data.Enum', version: 1, parameters }), source)
  }
  if (type.element !== undefined) return arrayOf(type, type.element, modes, source)
  if (Object.hasOwn(makers, type.name)) return makers[type.name]!(type, modes, source)
  if (!modes.unknownTypes) return undefined
  return geometries.has(type.name) ? geometryCodec(modes.binary, source) : unknownCodec(modes.binary, source)
}
