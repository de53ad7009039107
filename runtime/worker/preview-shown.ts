import { gunzipSync } from 'node:zlib'
import { Decimal } from '../api/decimal.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { ConnectRecord } from '../api/record.ts'

/** Bytes as people read them: text where they are text, gzip opened, else base64. */
export interface ShownBytes {
  readonly bytes: number
  readonly text?: string
  readonly base64?: string
  readonly compressed?: 'gzip'
  /** Only the beginning is shown. */
  readonly cut?: true
}

export interface ShownRecord {
  readonly topic: string
  readonly partition?: number
  readonly timestamp?: number
  readonly keySchema: string | null
  readonly key: unknown
  readonly valueSchema: string | null
  readonly value: unknown
  readonly headers: readonly { readonly key: string; readonly value: unknown }[]
}

const longest = 16 * 1024
const mostUnzipped = 16 * 1024 * 1024
const strict = new TextDecoder('utf-8', { fatal: true })

/** What gzip holds; undefined where it is none, or more than anybody wants to see. */
const opened = (data: Uint8Array): Uint8Array | undefined => {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return undefined
  try {
    return gunzipSync(data, { maxOutputLength: mostUnzipped })
  } catch {
    // Shown as it is.
    return undefined
  }
}

export const shownBytes = (data: Uint8Array | null): ShownBytes | null => {
  if (data === null) return null
  const unzipped = opened(data)
  const zipped = unzipped !== undefined
  const plain = unzipped ?? data
  const about = {
    bytes: data.length,
    ...(zipped && { compressed: 'gzip' as const }),
    ...(plain.length > longest && { cut: true as const }),
  }
  try {
    const text = strict.decode(plain)
    return { ...about, text: text.length > longest ? text.slice(0, longest) : text }
  } catch {
    // No text.
    return { ...about, base64: Buffer.from(plain.subarray(0, longest)).toString('base64') }
  }
}

/** A value as JSON can hold it: integers beyond 2^53 and decimals as text, bytes as base64, moments in ISO 8601. */
export const shownValue = (given: unknown): unknown => {
  const value = resolveLazy(given)
  if (value === undefined) return null
  if (typeof value === 'bigint' || value instanceof Decimal) return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, one]) => [String(shownValue(key)), shownValue(one)]))
  if (Array.isArray(value)) return value.map(shownValue)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shownValue(one)]))
  return value
}

export const shownRecord = (record: ConnectRecord): ShownRecord => ({
  topic: record.topic,
  ...(typeof record.partition === 'number' && { partition: record.partition }),
  ...(typeof record.timestamp === 'number' && { timestamp: record.timestamp }),
  keySchema: record.keySchema?.name ?? record.keySchema?.type ?? null,
  key: shownValue(record.key),
  valueSchema: record.valueSchema?.name ?? record.valueSchema?.type ?? null,
  value: shownValue(record.value),
  headers: (record.headers ?? []).map(({ key, value }) => ({ key, value: shownValue(value) })),
})
