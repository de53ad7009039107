/** Settings of the mapping between Connect and Protobuf; see the converter's declarations for what each does. */
export interface ProtobufSettings {
  /** `enhanced.protobuf.schema.support` */
  readonly fullNames: boolean
  /** `scrub.invalid.names` */
  readonly scrubNames: boolean
  /** `int.for.enums` */
  readonly intEnums: boolean
  /** `optional.for.nullables` */
  readonly optionalNullables: boolean
  /** `optional.for.proto2` */
  readonly optionalProto2: boolean
  /** `wrapper.for.nullables` */
  readonly wrapperNullables: boolean
  /** `wrapper.for.raw.primitives` */
  readonly wrapperPrimitives: boolean
  /** `generate.struct.for.nulls` */
  readonly structForNulls: boolean
  /** `generate.index.for.unions` */
  readonly unionIndex: boolean
  /** `flatten.unions` */
  readonly flattenUnions: boolean
  /** `generalized.sum.type.support` */
  readonly sumTypes: boolean
  /** `ignore.default.for.nullables` */
  readonly ignoreDefaults: boolean
}

/** What Confluent's converter does when nothing is set. */
export const protobufDefaults: ProtobufSettings = {
  fullNames: false,
  scrubNames: false,
  intEnums: false,
  optionalNullables: false,
  optionalProto2: true,
  wrapperNullables: false,
  wrapperPrimitives: true,
  structForNulls: false,
  unionIndex: true,
  flattenUnions: false,
  sumTypes: false,
  ignoreDefaults: false,
}

// Parameters of Connect schemas that remember what Protobuf knows and Connect does not.
export const tagParameter = 'io.confluent.connect.protobuf.Tag'
export const typeParameter = 'io.confluent.connect.protobuf.Type'
export const wrapperParameter = 'io.confluent.connect.protobuf.Wrapper'
export const precisionParameter = 'connect.decimal.precision'
export const unionPrefix = 'io.confluent.connect.protobuf.Union'
export const protobufEnum = 'io.confluent.connect.protobuf.Enum'
export const generalEnum = 'org.apache.kafka.connect.data.Enum'
export const generalUnion = 'org.apache.kafka.connect.data.Union'
