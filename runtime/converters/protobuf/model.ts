/** Protobuf's scalar types by the words that a .proto text uses. */
export const scalarTypes = [
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
] as const

export type ScalarType = (typeof scalarTypes)[number]

export interface ProtoEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly fullName: string
  /** Symbols in declaration order; an alias shares its number. */
  readonly values: readonly (readonly [symbol: string, number: number])[]
  /** A number outside `values` counts as an unknown field (proto2) instead of a value (proto3). */
  readonly closed: boolean
}

export interface ProtoField {
  readonly name: string
  readonly number: number
  readonly type: ScalarType | ProtoEnum | ProtoMessage
  readonly repeated: boolean
  readonly required: boolean
  /** Unset can be told from the default value. */
  readonly presence: boolean
  /** Has presence because proto3 declares it `optional`. */
  readonly proto3Optional: boolean
  /** Repeated scalars are written as one run. */
  readonly packed: boolean
  /** Name of the `oneof` it belongs to; a `proto3 optional` has none. */
  readonly oneof: string | undefined
  /** `params` of the option `confluent.field_meta`. */
  readonly params: ReadonlyMap<string, string>
  /** Proto2 `default`, as it stands in the text. */
  readonly standIn: unknown
}

export interface ProtoMessage {
  readonly kind: 'message'
  readonly name: string
  /** With the package, without a leading dot. */
  readonly fullName: string
  /** In declaration order. */
  readonly fields: ProtoField[]
  /** Names, in declaration order, without those that `proto3 optional` implies. */
  readonly oneofs: string[]
  /** Nested messages in declaration order, without the entries of `map<>` fields. */
  readonly messages: ProtoMessage[]
  readonly enums: ProtoEnum[]
}

export interface ProtoFile {
  readonly package: string
  readonly imports: readonly string[]
  readonly messages: readonly ProtoMessage[]
  readonly enums: readonly ProtoEnum[]
}

export const isScalar = (type: ProtoField['type']): type is ScalarType => typeof type === 'string'

/** A field without label, oneof and options, as proto3 has it. */
export const plainField = (name: string, number: number, type: ProtoField['type']): ProtoField => ({
  name,
  number,
  type,
  repeated: false,
  required: false,
  presence: !isScalar(type) && type.kind === 'message',
  proto3Optional: false,
  packed: false,
  oneof: undefined,
  params: new Map(),
  standIn: undefined,
})

/** The key and value fields when a repeated field's message stands for a map's entry, by `map<>` or by Confluent's naming. */
export const mapEntry = ({ type, repeated }: ProtoField): readonly [ProtoField, ProtoField] | undefined => {
  if (!repeated || isScalar(type) || type.kind === 'enum' || !type.name.endsWith('Entry')) return undefined
  const [key, value] = type.fields
  return type.fields.length === 2 &&
    key!.name === 'key' &&
    value!.name === 'value' &&
    !key!.repeated &&
    !value!.repeated
    ? [key!, value!]
    : undefined
}
