import { DataError } from '../api/errors.ts'
import type { OffsetMap } from '../api/record.ts'

/** JSON of a map of primitives; INT64 exactly. Throws DataError for anything else. */
export const offsetJson = (map: OffsetMap): string => {
  const members = Object.entries(map).map(([key, value]) => {
    if (value !== null && !['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      throw new DataError(
        `Offset values must be primitives: ${key} is a ${Array.isArray(value) ? 'list' : typeof value}`,
      )
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new DataError(`Offset value ${key} is ${value}, which JSON has no form for`)
    return `${JSON.stringify(key)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`
  })
  return `{${members.join()}}`
}

/** The key under which Kafka Connect stores a position: `["connector",{partition}]`, byte for byte (member order matters). */
export const offsetKey = (connector: string, partition: OffsetMap): string =>
  `[${JSON.stringify(connector)},${offsetJson(partition)}]`
