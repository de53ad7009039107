import { DataError } from '../api/errors.ts'
import { quoteJson } from '../api/json-text.ts'
import type { OffsetMap } from '../api/record.ts'
import { numberText } from '../converters/json-values.ts'

const valueText = (value: OffsetMap[string]): string =>
  typeof value === 'string'
    ? quoteJson(value)
    : typeof value === 'number' || typeof value === 'bigint'
      ? numberText(value)
      : String(value)

/** JSON of a map of primitives as Kafka Connect's converter writes it; INT64 exactly. Throws DataError for anything else. */
export const offsetJson = (map: OffsetMap): string => {
  const members = Object.entries(map).map(([key, value]) => {
    if (value !== null && !['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      throw new DataError(
        `Offset values must be primitives: ${key} is a ${Array.isArray(value) ? 'list' : typeof value}`,
      )
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new DataError(`Offset value ${key} is ${value}, which JSON has no form for`)
    return `${quoteJson(key)}:${valueText(value)}`
  })
  return `{${members.join()}}`
}

/** What every key of a connector begins with, and no key of another. */
export const connectorPrefix = (connector: string): string => `[${quoteJson(connector)},`

/** The key under which Kafka Connect stores a position: `["connector",{partition}]`, byte for byte (member order matters). */
export const offsetKey = (connector: string, partition: OffsetMap): string =>
  `${connectorPrefix(connector)}${offsetJson(partition)}]`
