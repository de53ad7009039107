import type { ConnectRecord, Schema } from 'millrace'

/** A value found in a record, with its schema where it has one. */
export interface Found {
  readonly schema: Schema | null
  readonly value: unknown
}

/** Steps of `after.tags.0.name`; a dot that belongs to a name is written `\.`, a backslash `\\`. */
export const pathSteps = (path: string): readonly string[] => {
  const steps = ['']
  for (let at = 0; at < path.length; at++) {
    const char = path[at]!
    if (char === '.') steps.push('')
    else steps[steps.length - 1] += char === '\\' ? (path[++at] ?? '\\') : char
  }
  return steps
}

const mapMember = (map: ReadonlyMap<unknown, unknown>, step: string): unknown => {
  if (map.has(step)) return map.get(step)
  // Keys of other types by how they are written: 7, true.
  for (const [key, value] of map) if (typeof key !== 'string' && String(key) === step) return value
  return undefined
}

const stepInto = ({ schema, value }: Found, step: string): Found | undefined => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date)
    return undefined
  if (value instanceof Map) {
    const member: unknown = mapMember(value as ReadonlyMap<unknown, unknown>, step)
    return member === undefined ? undefined : { schema: schema?.valueSchema ?? null, value: member }
  }
  if (Array.isArray(value)) {
    const index = /^-?\d+$/.test(step) ? Number(step) : Number.NaN
    const item: unknown = value.at(index)
    return Number.isNaN(index) || item === undefined ? undefined : { schema: schema?.valueSchema ?? null, value: item }
  }
  const field = schema?.field(step)
  if (schema !== null && field === undefined) return undefined
  const member = Object.hasOwn(value, step) ? (value as Readonly<Record<string, unknown>>)[step] : undefined
  if (field === undefined) return member === undefined ? undefined : { schema: null, value: member }
  return { schema: field.schema, value: member ?? null }
}

/** Where a path begins. */
export type PathRoot = 'key' | 'value' | 'header'

/** What stands at a path of a record; undefined where there is nothing. The first step below `header` is the header's name. */
export const findField = (record: ConnectRecord, root: PathRoot, steps: readonly string[]): Found | undefined => {
  let at: Found | undefined
  let rest = steps
  if (root === 'header') {
    const header = record.headers?.findLast(({ key }) => key === steps[0])
    at = header && { schema: header.schema, value: header.value }
    rest = steps.slice(1)
  } else
    at =
      root === 'key'
        ? { schema: record.keySchema ?? null, value: record.key ?? null }
        : { schema: record.valueSchema ?? null, value: record.value ?? null }
  for (const step of rest) {
    if (at === undefined) return undefined
    at = stepInto(at, step)
  }
  return at
}
