import type { OffsetMap } from 'millrace'
import type { JavaClass, JavaValue } from './java-objects.ts'
import { readJavaArray } from './java-reader.ts'
import { writeJavaArray } from './java-writer.ts'

/** A table that waits for its incremental snapshot, or is in it. */
export interface Collection {
  /** `schema.table` */
  readonly id: string
  /** SQL that rows must meet. */
  readonly condition: string | undefined
  readonly surrogateKey: string | undefined
}

/** How far an incremental snapshot has come; a changed one is another object. */
export interface IncrementalState {
  /** The first one is being read. Never empty. */
  readonly collections: readonly Collection[]
  /** Key of the last row of the last chunk that was sent; undefined: none yet. */
  readonly last: readonly JavaValue[] | undefined
  /** Where the table ends, which it did when its snapshot began. */
  readonly maximum: readonly JavaValue[] | undefined
  /** The id of the signal, which notifications carry. */
  readonly correlationId: string | undefined
}

// Names and form of the members are Debezium's: it goes on where this stopped, and the other way round.
const lastKey = 'incremental_snapshot_primary_key'
const maximumKey = 'incremental_snapshot_maximum_key'
const collectionsKey = 'incremental_snapshot_collections'
const correlationKey = 'incremental_snapshot_correlation_id'
const idMember = `${collectionsKey}_id`
const conditionMember = `${collectionsKey}_additional_condition`
const surrogateMember = `${collectionsKey}_surrogate_key`

/** What the stored offset says of it. */
export const stateMembers = (state: IncrementalState): OffsetMap => ({
  [lastKey]: writeJavaArray(state.last),
  [maximumKey]: writeJavaArray(state.maximum),
  [collectionsKey]: JSON.stringify(
    state.collections.map(({ id, condition, surrogateKey }) => ({
      [idMember]: id,
      [conditionMember]: condition ?? null,
      [surrogateMember]: surrogateKey ?? null,
    })),
  ),
  ...(state.correlationId === undefined ? {} : { [correlationKey]: state.correlationId }),
})

const besideStream = /^(incremental|blocking)$/i
const markers = new Set(['snapshot', 'snapshot_completed', 'last_snapshot_record'])

/** The offset without what it says of incremental snapshots; Debezium's rows of one are marked too. */
export const withoutState = (offset: OffsetMap): OffsetMap => {
  const isMarked = besideStream.test(String(offset['snapshot']))
  if (offset[collectionsKey] === undefined && !isMarked) return offset
  return Object.fromEntries(
    Object.entries(offset).filter(
      ([name]) => !name.startsWith('incremental_snapshot_') && !(isMarked && markers.has(name)),
    ),
  )
}

/** Whether two offsets say the same of incremental snapshots. */
export const sameState = (a: OffsetMap, b: OffsetMap): boolean =>
  a[collectionsKey] === b[collectionsKey] && a[lastKey] === b[lastKey] && a[maximumKey] === b[maximumKey]

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const readKey = (value: unknown): readonly JavaValue[] | undefined =>
  typeof value === 'string' ? readJavaArray(value) : undefined

/**
 * Reads the state from a stored offset; undefined: no snapshot was running. `problem`: keys that cannot be read, for which the first
 * table begins again.
 */
export const readState = (
  offset: OffsetMap,
): { readonly state: IncrementalState | undefined; readonly problem: string | undefined } => {
  const stored = offset[collectionsKey]
  const list = typeof stored === 'string' ? (JSON.parse(stored) as readonly Readonly<Record<string, unknown>>[]) : []
  const collections = list.flatMap(item => {
    const id = text(item[idMember])
    return id === undefined
      ? []
      : [{ id, condition: text(item[conditionMember]), surrogateKey: text(item[surrogateMember]) }]
  })
  if (collections.length === 0) return { state: undefined, problem: undefined }
  const state = { collections, last: undefined, maximum: undefined, correlationId: text(offset[correlationKey]) }
  try {
    const last = readKey(offset[lastKey])
    // A last key without an end to go to is of no use.
    const maximum = readKey(offset[maximumKey])
    return { state: { ...state, last: maximum === undefined ? undefined : last, maximum }, problem: undefined }
  } catch (error) {
    return { state, problem: (error as Error).message }
  }
}

const classes: Readonly<Record<string, JavaClass>> = {
  int2: 'Integer',
  int4: 'Integer',
  int8: 'Long',
  oid: 'Long',
  numeric: 'BigDecimal',
  uuid: 'UUID',
  bool: 'Boolean',
  float4: 'Float',
  float8: 'Double',
  bytea: 'byte[]',
  date: 'Date',
  inet: 'PGobject',
}

/** Days before it, and those without a number, are not in Java as they are here. */
const plainDay = /^(1[6-9]|[2-9]\d)\d\d-\d\d-\d\d$/

/** A value of a key, by the server's text of it and the name of its type, as the class that Debezium has it in. */
export const keyValue = (value: string | null, type: string): JavaValue => {
  if (value === null) return null
  const known = classes[type] ?? 'String'
  if (known === 'Boolean') return { type: known, text: value === 't' ? 'true' : 'false' }
  // NaN and the infinities are no decimals.
  if (known === 'BigDecimal' && !/^-?\d+(\.\d+)?$/.test(value)) return { type: 'String', text: value }
  if (known === 'Date' && !plainDay.test(value)) return { type: 'String', text: value }
  return known === 'PGobject' ? { type: known, text: value, sqlType: type } : { type: known, text: value }
}
