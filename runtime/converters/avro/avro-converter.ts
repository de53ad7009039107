import type { ConfigOf } from '../../api/config.ts'
import { defineConverter } from '../../api/define.ts'
import { registryConverter } from '../registry/registry-converter.ts'
import { registrySpec } from '../registry/settings.ts'
import { avroFormat } from './avro-format.ts'
import { avroSpec } from './settings.ts'

const config = { ...registrySpec, ...avroSpec } as const

/** Avro with its schemas in a registry. */
export default defineConverter({
  class: 'io.confluent.connect.avro.AvroConverter',
  version: '8.3.0',
  doc: "Records as Avro; their schemas are in a schema registry, in Confluent's wire format.",
  config,
  create(given: ConfigOf<typeof config>, use, ctx) {
    const format = avroFormat({
      enhanced: given.enhancedAvroSchemaSupport,
      scrub: given.scrubInvalidNames,
      metadata: given.connectMetaData,
      discardDocs: given.discardTypeDocDefault,
      optionalKeys: given.allowOptionalMapKeys,
      flatten: given.flattenSingletonUnions,
      sumTypes: given.generalizedSumTypeSupport,
      ignoreDefaults: given.ignoreDefaultForNullables,
    })
    return registryConverter(format, given, use, ctx?.originals)
  },
})
