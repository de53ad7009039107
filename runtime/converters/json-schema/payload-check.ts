import { createRequire } from 'node:module'
import type { Ajv } from 'ajv'
import type { FormatsPlugin } from 'ajv-formats'
import { DataError } from '../../api/errors.ts'
import type { PayloadChecks } from './json-schema-format.ts'

/** `json.schema.spec.version`: the dialect of schemas that name none. */
export const specVersions = ['draft_4', 'draft_6', 'draft_7', 'draft_2019_09', 'draft_2020_12'] as const
export type SpecVersion = (typeof specVersions)[number]

const require = createRequire(import.meta.url)

const modules: Readonly<Record<SpecVersion, string>> = {
  draft_4: 'ajv',
  draft_6: 'ajv',
  draft_7: 'ajv',
  draft_2019_09: 'ajv/dist/2019.js',
  draft_2020_12: 'ajv/dist/2020.js',
}

/** The dialect that a schema names. */
const dialectOf = ($schema: unknown): SpecVersion | undefined => {
  if (typeof $schema !== 'string') return undefined
  const version = /draft[-/](\d{4}-\d\d|\d\d)/.exec($schema)?.[1]
  return specVersions.find(
    each => version !== undefined && each === `draft_${version.replace(/^0/, '').replace('-', '_')}`,
  )
}

// Loaded only where payloads are checked: it is large.
const validator = (dialect: SpecVersion): Ajv => {
  const { default: Validator } = require(modules[dialect]) as { default: new (options: object) => Ajv }
  const { default: addFormats } = require('ajv-formats') as { default: FormatsPlugin }
  const ajv = new Validator({ strict: false, logger: false, validateSchema: false, addUsedSchema: false })
  return addFormats(ajv)
}

const parsed = (payload: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString())
  } catch (cause) {
    throw new DataError('The payload is not JSON', { cause })
  }
}

/** The newest dialect that `ignore.modern.dialects` leaves. */
const classic: SpecVersion = 'draft_7'

/** Checks of payloads against their schemas, compiled once per schema. `classicOnly`: dialects after draft 7 count as that. */
export const payloadChecks =
  (dialect: SpecVersion, classicOnly = false): PayloadChecks =>
  registered => {
    try {
      const { $schema, ...schema } = JSON.parse(registered.text) as Record<string, unknown>
      const said = dialectOf($schema) ?? dialect
      const ajv = validator(classicOnly && modules[said] !== modules[classic] ? classic : said)
      for (const [name, text] of registered.resolved) {
        const { $schema: _, ...referred } = JSON.parse(text) as Record<string, unknown>
        ajv.addSchema(referred, name)
      }
      const validate = ajv.compile(schema)
      return payload => {
        if (validate(parsed(payload))) return
        const [first] = validate.errors ?? []
        throw new DataError(
          `The payload does not fit its JSON Schema: ${first?.instancePath || 'it'} ${first?.message}`,
        )
      }
    } catch (cause) {
      throw new DataError(`The JSON Schema cannot be checked against: ${(cause as Error).message}`, { cause })
    }
  }
