import type { Schema } from 'millrace'
import type { Members } from './sides.ts'

/** A field of a change event, to be added elsewhere under a name of its own. */
export interface AddedField {
  readonly name: string
  /** Where it is: `['op']`, `['source', 'lsn']`. */
  readonly path: readonly string[]
}

/** Whether values of this schema are Debezium's change events: everything else passes its transforms unchanged. */
export const isEnvelope = (schema: Schema | null | undefined): schema is Schema =>
  schema?.name?.endsWith('.Envelope') === true && schema.type === 'STRUCT'

const structs = new Set(['source', 'transaction', 'before', 'after'])
const ofTransaction = new Set(['id', 'total_order', 'data_collection_order'])

const pathOf = (field: string): readonly string[] => {
  const dot = field.indexOf('.')
  if (dot > 0 && structs.has(field.slice(0, dot))) return [field.slice(0, dot), field.slice(dot + 1)]
  if (field === 'op' || field.startsWith('ts_')) return [field]
  return [ofTransaction.has(field) ? 'transaction' : 'source', field]
}

/** Reads `op`, `lsn` (of source), `source.ts_ms`, `transaction.id`, each with `:NAME` for another name. */
export const addedFields = (items: readonly string[], prefix: string): readonly AddedField[] =>
  items.map(item => {
    const colon = item.indexOf(':')
    const field = (colon < 0 ? item : item.slice(0, colon)).trim()
    const qualified = field.includes('.') && structs.has(field.slice(0, field.indexOf('.')))
    const name = colon < 0 ? (qualified ? field.replace('.', '_') : field) : item.slice(colon + 1).trim()
    return { name: prefix + name, path: pathOf(field) }
  })

/** Schema of the field, optional and without a default; undefined when events of this schema have no such field. */
export const addedSchema = (envelope: Schema, { path }: AddedField): Schema | undefined => {
  let schema: Schema | undefined = envelope
  for (const step of path) schema = schema?.field(step)?.schema
  return schema?.with({ optional: true, default: undefined })
}

export const addedValue = (event: Members, { path }: AddedField): unknown => {
  let value: unknown = event
  for (const step of path) value = value === null || value === undefined ? null : (value as Members)[step]
  return value ?? null
}
