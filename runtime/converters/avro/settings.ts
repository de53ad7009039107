import { c } from '../../api/config.ts'

const data = { group: 'Avro' } as const

/** What is special to Avro, with the names and defaults of Confluent's AvroData. */
export const avroSpec = {
  'enhanced.avro.schema.support': c.boolean('Enums stay enums, and union members are named in full.', {
    default: false,
    importance: 'MEDIUM',
    ...data,
  }),
  'scrub.invalid.names': c.boolean('Names that Avro does not allow are changed instead of refused.', {
    default: false,
    importance: 'MEDIUM',
    ...data,
  }),
  'connect.meta.data': c.boolean('Schemas tell what Avro has no word for, in members that begin with connect.', {
    default: true,
    importance: 'LOW',
    ...data,
  }),
  'discard.type.doc.default': c.boolean('Documentation and defaults of types are left out, those of fields stay.', {
    default: false,
    importance: 'LOW',
    ...data,
  }),
  'allow.optional.map.keys': c.boolean('A map with optional text keys is an Avro map, not an array of entries.', {
    default: false,
    importance: 'LOW',
    ...data,
  }),
  'flatten.singleton.unions': c.boolean('A union of one type is that type.', {
    default: true,
    importance: 'LOW',
    ...data,
  }),
  'generalized.sum.type.support': c.boolean('Unions and enums in the way that all three formats share.', {
    default: false,
    importance: 'LOW',
    ...data,
  }),
  'ignore.default.for.nullables': c.boolean('A null is written as null, whatever its default.', {
    default: false,
    importance: 'MEDIUM',
    ...data,
  }),
  'schemas.cache.config': c.int('Accepted without effect: schemas are kept as long as they are used.', {
    default: 1000,
    importance: 'LOW',
    ...data,
  }),
} as const

export interface AvroSettings {
  /** `enhanced.avro.schema.support` */
  readonly enhanced: boolean
  /** `scrub.invalid.names` */
  readonly scrub: boolean
  /** `connect.meta.data` */
  readonly metadata: boolean
  /** `discard.type.doc.default` */
  readonly discardDocs: boolean
  /** `allow.optional.map.keys` */
  readonly optionalKeys: boolean
  /** `flatten.singleton.unions` */
  readonly flatten: boolean
  /** `generalized.sum.type.support` */
  readonly sumTypes: boolean
  /** `ignore.default.for.nullables` */
  readonly ignoreDefaults: boolean
}

/** What Confluent's converter does when nothing is set. */
export const avroDefaults: AvroSettings = {
  enhanced: false,
  scrub: false,
  metadata: true,
  discardDocs: false,
  optionalKeys: false,
  flatten: true,
  sumTypes: false,
  ignoreDefaults: false,
}

export const defaultNamespace = 'io.confluent.connect.avro'
export const unnamedRecord = `${defaultNamespace}.ConnectDefault`
export const mapEntry = 'MapEntry'
export const enumParameter = 'io.confluent.connect.avro.Enum'
export const unionName = 'io.confluent.connect.avro.Union'
export const generalEnum = 'org.apache.kafka.connect.data.Enum'
export const generalUnion = 'org.apache.kafka.connect.data.Union'
/** A field's default came from the field, not from its type: it is written there again, and nowhere else. */
export const fieldDefaultParameter = 'io.confluent.connect.avro.field.default'
/** Documentation of a record, and behind the dot of its fields and of enums: Connect has no other place for it. */
export const recordDocParameter = 'io.confluent.connect.avro.record.doc'
export const fieldDocPrefix = 'io.confluent.connect.avro.field.doc.'
export const enumDocPrefix = 'io.confluent.connect.avro.enum.doc.'
export const enumDefaultPrefix = 'io.confluent.connect.avro.enum.default.'
export const fixedParameter = 'connect.fixed.size'
export const precisionParameter = 'connect.decimal.precision'
export const defaultPrecision = 64
