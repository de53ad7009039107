// Avro schemas as objects, names resolved: what texts are parsed to, made from Connect's schemas, and printed from.

export const primitiveTypes = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type PrimitiveType = (typeof primitiveTypes)[number]

/** Members beyond those of Avro itself, in the order of the text. */
export type Properties = Readonly<Record<string, unknown>>

export interface AvroPrimitive {
  readonly type: PrimitiveType
  readonly props: Properties
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly doc?: string
  /** As in the text: JSON. Undefined: none; null is a default too. */
  readonly default?: unknown
  readonly aliases?: readonly string[]
}

export interface AvroRecord {
  readonly type: 'record'
  /** Full name. */
  readonly name: string
  readonly doc?: string
  /** Filled when all of them are known: a record may hold itself. */
  fields: readonly AvroField[]
  readonly aliases?: readonly string[]
  readonly props: Properties
}

export interface AvroEnum {
  readonly type: 'enum'
  readonly name: string
  readonly doc?: string
  readonly symbols: readonly string[]
  readonly default?: string
  readonly aliases?: readonly string[]
  readonly props: Properties
}

export interface AvroFixed {
  readonly type: 'fixed'
  readonly name: string
  readonly size: number
  readonly aliases?: readonly string[]
  readonly props: Properties
}

export interface AvroArray {
  readonly type: 'array'
  readonly items: AvroType
  readonly props: Properties
}

export interface AvroMap {
  readonly type: 'map'
  readonly values: AvroType
  readonly props: Properties
}

export interface AvroUnion {
  readonly type: 'union'
  readonly branches: readonly AvroType[]
}

export type AvroNamed = AvroRecord | AvroEnum | AvroFixed
export type AvroType = AvroPrimitive | AvroNamed | AvroArray | AvroMap | AvroUnion

export const isNamed = (type: AvroType): type is AvroNamed =>
  type.type === 'record' || type.type === 'enum' || type.type === 'fixed'

export const propsOf = (type: AvroType): Properties => (type.type === 'union' ? {} : type.props)

/** The last part of a full name. */
export const simpleName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** What stands before the last part; '' for none. */
export const namespaceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))

/** How error texts and union branches name a type. */
export const typeName = (type: AvroType): string => (isNamed(type) ? type.name : type.type)
