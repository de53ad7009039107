/** Settings of the mapping between Connect and JSON Schema; see the converter's declarations for what each does. */
export interface JsonSchemaSettings {
  /** `object.additional.properties` */
  readonly openObjects: boolean
  /** `use.optional.for.nonrequired` */
  readonly optionalNonRequired: boolean
  /** `decimal.format` */
  readonly decimals: 'BASE64' | 'NUMERIC'
  /** `flatten.singleton.unions` */
  readonly flattenSingletons: boolean
  /** `generalized.sum.type.support` */
  readonly sumTypes: boolean
  /** `ignore.default.for.nullables` */
  readonly ignoreDefaults: boolean
}

/** What Confluent's converter does when nothing is set. */
export const jsonSchemaDefaults: JsonSchemaSettings = {
  openObjects: true,
  optionalNonRequired: false,
  decimals: 'BASE64',
  flattenSingletons: true,
  sumTypes: false,
  ignoreDefaults: false,
}

// Keywords that remember what Connect knows and JSON Schema does not.
export const typeKeyword = 'connect.type'
export const indexKeyword = 'connect.index'
export const versionKeyword = 'connect.version'
export const parametersKeyword = 'connect.parameters'

// Names and parameters of Connect schemas that remember what JSON Schema knows and Connect does not.
export const ownPrefix = 'io.confluent.connect.json.'
export const oneOfName = 'io.confluent.connect.json.OneOf'
export const enumParameter = 'io.confluent.connect.json.Enum'
export const generalEnum = 'org.apache.kafka.connect.data.Enum'
export const generalUnion = 'org.apache.kafka.connect.data.Union'
/** Begins the names of general unions, which have none in JSON Schema; a number follows. */
export const unionPrefix = 'connect_union_'
/** Stands for null among the symbols of an enum. */
export const nullSymbol = '<NULL>'
export const unionField = 'connect_union_field_'
