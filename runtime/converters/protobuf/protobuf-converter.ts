import { c } from '../../api/config.ts'
import { defineConverter } from '../../api/define.ts'
import { registryConverter } from '../registry/registry-converter.ts'
import { registrySpec } from '../registry/settings.ts'
import { protobufFormat } from './protobuf-format.ts'

const mapping = { group: 'Protobuf' } as const
const off = { default: false, importance: 'MEDIUM', ...mapping } as const
const rarely = { default: false, importance: 'LOW', ...mapping } as const

/** Protobuf messages whose schemas are in a registry; bytes, schemas and settings are those of Confluent's converter. */
export default defineConverter({
  class: 'io.confluent.connect.protobuf.ProtobufConverter',
  version: '8.3.0',
  doc: 'Records as Protobuf messages, with their schemas in a schema registry.',
  config: {
    ...registrySpec,
    'enhanced.protobuf.schema.support': c.boolean(
      'Names of schemas keep the package: a.b.Order instead of Order.',
      off,
    ),
    'scrub.invalid.names': c.boolean('Characters that a Protobuf name cannot have are replaced.', off),
    'int.for.enums': c.boolean('Enums are read as INT32 instead of as their symbols.', off),
    'optional.for.nullables': c.boolean('Nullable fields are declared optional, so that nulls come back.', off),
    'optional.for.proto2': c.boolean('Unset optional fields of proto2 are read as null instead of as their default.', {
      ...off,
      default: true,
    }),
    'wrapper.for.nullables': c.boolean('Nullable primitives are wrapper messages, so that nulls come back.', off),
    'wrapper.for.raw.primitives': c.boolean('A record that is a wrapper message is read as the primitive in it.', {
      ...off,
      default: true,
    }),
    'generate.struct.for.nulls': c.boolean('Unset messages are read as structs of defaults instead of as null.', off),
    'generate.index.for.unions': c.boolean('The field of a oneof is called by its name and position, as in choice_0.', {
      ...rarely,
      default: true,
    }),
    'flatten.unions': c.boolean('Members of a oneof are fields of their message instead of a struct.', rarely),
    'generalized.sum.type.support': c.boolean(
      'Enums and oneofs are marked with the parameters that other converters know, too.',
      off,
    ),
    'ignore.default.for.nullables': c.boolean('A null stays null where the schema has a default.', off),
    'schemas.cache.config': c.int('No effect: what is made of a schema is kept as long as the schema is used.', {
      default: 1000,
      importance: 'LOW',
      ...mapping,
    }),
  },
  create: (config, use, ctx) =>
    registryConverter(
      protobufFormat({
        fullNames: config.enhancedProtobufSchemaSupport,
        scrubNames: config.scrubInvalidNames,
        intEnums: config.intForEnums,
        optionalNullables: config.optionalForNullables,
        optionalProto2: config.optionalForProto2,
        wrapperNullables: config.wrapperForNullables,
        wrapperPrimitives: config.wrapperForRawPrimitives,
        structForNulls: config.generateStructForNulls,
        unionIndex: config.generateIndexForUnions,
        flattenUnions: config.flattenUnions,
        sumTypes: config.generalizedSumTypeSupport,
        ignoreDefaults: config.ignoreDefaultForNullables,
      }),
      config,
      use,
      ctx?.originals,
    ),
})
