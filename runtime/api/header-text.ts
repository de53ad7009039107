import { Decimal } from './decimal.ts'
import { decimalText, doubleText, floatText } from './json-text.ts'
import type { Schema } from './schema.ts'

const dayMs = 86_400_000

/** Date, time or timestamp by what the instant holds, whatever the schema says: as Kafka Connect's Values does. */
const instantText = (value: Date): string => {
  const iso = value.toISOString()
  const ms = value.getTime()
  if (ms < dayMs) return iso.slice(11)
  return ms % dayMs === 0 ? iso.slice(0, 10) : iso
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** A header value as text: strings raw at the top, quoted inside lists and maps; bytes as base64; null as `null`. */
export const headerText = (schema: Schema | null, value: unknown, inside = false): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return inside ? quoted(value) : value
  if (typeof value === 'number') {
    if (schema?.type === 'FLOAT32') return floatText(value).replaceAll('"', '')
    return schema?.type === 'FLOAT64' || !Number.isInteger(value)
      ? doubleText(value).replaceAll('"', '')
      : String(value)
  }
  if (value instanceof Decimal) return decimalText(value)
  if (value instanceof Date) return instantText(value)
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    return inside ? `"${base64}"` : base64
  }
  if (Array.isArray(value)) return `[${value.map(item => headerText(schema?.valueSchema ?? null, item, true)).join()}]`
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${headerText(schema?.keySchema ?? null, key, true)}:${headerText(schema?.valueSchema ?? null, item, true)}`).join()}}`
  if (typeof value === 'object') {
    const fields =
      schema?.fields.map(
        field => [field.name, field.schema, (value as Record<string, unknown>)[field.name]] as const,
      ) ?? Object.entries(value).map(([name, member]) => [name, null, member] as const)
    return `{${fields.map(([name, one, member]) => `${quoted(name)}:${headerText(one, member, true)}`).join()}}`
  }
  return String(value)
}
