import { Decimal } from './decimal.ts'

/** A text that is equal for equal values of the data model; used to intern schemas by their default. */
export const valueKey = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return `n${value}`
  if (value instanceof Uint8Array)
    return `b${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}`
  if (value instanceof Date) return `d${value.getTime()}`
  if (value instanceof Decimal) return `m${value.unscaled}e${value.scale}`
  if (Array.isArray(value)) return `[${value.map(valueKey).join()}]`
  if (value instanceof Map) return `M[${[...value].map(([k, v]) => `${valueKey(k)}:${valueKey(v)}`).join()}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([k, v]) => `${JSON.stringify(k)}:${valueKey(v)}`)
      .join()}}`
  }
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return JSON.stringify(value)
}
