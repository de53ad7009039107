import { c } from '../../api/config.ts'
import { defineConverter } from '../../api/define.ts'
import { registryConverter } from '../registry/registry-converter.ts'
import { registrySpec } from '../registry/settings.ts'
import { jsonSchemaFormat } from './json-schema-format.ts'
import { payloadChecks, type SpecVersion, specVersions } from './payload-check.ts'
import type { JsonSchemaSettings } from './settings.ts'

const mapping = { group: 'JSON Schema' } as const
const off = { default: false, importance: 'MEDIUM', ...mapping } as const

/** JSON whose schemas are in a registry; payloads, schemas and settings are those of Confluent's converter. */
export default defineConverter({
  class: 'io.confluent.connect.json.JsonSchemaConverter',
  version: '8.3.0',
  doc: 'Records as JSON, with their JSON Schemas in a schema registry.',
  config: {
    ...registrySpec,
    'object.additional.properties': c.boolean('Objects may have properties that their schema does not name.', {
      ...off,
      default: true,
    }),
    'use.optional.for.nonrequired': c.boolean(
      'Properties that are not required are optional fields when records are read.',
      off,
    ),
    'decimal.format': c.string('Decimals as base64 of their unscaled bytes, or as JSON numbers.', {
      values: ['BASE64', 'NUMERIC'],
      ignoreCase: true,
      default: 'BASE64',
      importance: 'LOW',
      ...mapping,
    }),
    'flatten.singleton.unions': c.boolean('A oneOf with one schema is that schema instead of a struct.', {
      ...off,
      default: true,
    }),
    'generalized.sum.type.support': c.boolean(
      'Enums and oneOfs are marked with the names that other converters know, too.',
      off,
    ),
    'ignore.default.for.nullables': c.boolean('A null stays null where the schema has a default.', off),
    'json.fail.invalid.schema': c.boolean(
      'Payloads are checked against their schema, by code that is made of its text: for registries whose writers are trusted.',
      off,
    ),
    'preserve.additional.properties': c.boolean(
      'Not supported but as false: properties that a schema does not name are dropped.',
      {
        ...off,
        check: keep => (keep ? 'properties that a schema does not name cannot be kept here' : undefined),
        accepts: 'false',
      },
    ),
    'ignore.modern.dialects': c.boolean(
      'Payloads are checked as draft 7 where their schema says a later dialect.',
      off,
    ),
    'json.schema.spec.version': c.string('The dialect by which schemas that name none are checked.', {
      values: specVersions,
      ignoreCase: true,
      default: 'draft_7',
      importance: 'LOW',
      ...mapping,
    }),
    'schemas.cache.config': c.int('No effect: what is made of a schema is kept as long as the schema is used.', {
      default: 1000,
      importance: 'LOW',
      ...mapping,
    }),
  },
  create(config, use, ctx) {
    const settings: JsonSchemaSettings = {
      openObjects: config.objectAdditionalProperties,
      optionalNonRequired: config.useOptionalForNonrequired,
      decimals: config.decimalFormat as JsonSchemaSettings['decimals'],
      flattenSingletons: config.flattenSingletonUnions,
      sumTypes: config.generalizedSumTypeSupport,
      ignoreDefaults: config.ignoreDefaultForNullables,
    }
    const checks = config.jsonFailInvalidSchema
      ? payloadChecks(config.jsonSchemaSpecVersion as SpecVersion, config.ignoreModernDialects)
      : undefined
    return registryConverter(jsonSchemaFormat(settings, checks), config, use, ctx?.originals)
  },
})
