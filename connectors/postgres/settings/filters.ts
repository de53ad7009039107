import { wholeName, wholeNames } from './patterns.ts'
import type { TablePlace } from './signal-settings.ts'

type List = readonly string[] | undefined

export interface FilterSettings {
  readonly schemaIncludeList: List
  readonly schemaExcludeList: List
  readonly tableIncludeList: List
  readonly tableExcludeList: List
  readonly columnIncludeList: List
  readonly columnExcludeList: List
  readonly messagePrefixIncludeList: List
  readonly messagePrefixExcludeList: List
  readonly snapshotIncludeCollectionList: List
  readonly tableIgnoreBuiltin: boolean
  readonly messageKeyColumns: string | undefined
}

type Test = (name: string) => boolean

const chosen = (include: List, exclude: List): Test => {
  const wanted = wholeNames(include)
  const unwanted = wholeNames(exclude)
  if (wanted.length > 0) return name => wanted.some(pattern => pattern.test(name))
  if (unwanted.length > 0) return name => !unwanted.some(pattern => pattern.test(name))
  return () => true
}

const builtinSchemas = new Set(['pg_catalog', 'information_schema'])

/** `table:column,column;...` */
export const keyColumnsPattern = /^\s*([^:]+):([^:,]+(,[^:,]+)*)\s*$/

/** What the include and exclude lists and message.key.columns say about names. */
export class Filters {
  readonly column: (schema: string, table: string, column: string) => boolean
  readonly messagePrefix: Test
  readonly inSnapshot: (schema: string, table: string) => boolean
  /** Patterns that order the tables of the snapshot. */
  readonly #order: readonly RegExp[]
  readonly #schema: Test
  readonly #table: Test
  readonly #builtin: boolean
  readonly #signals: TablePlace | undefined
  readonly #keys: readonly { readonly table: RegExp; readonly columns: readonly string[] }[]

  /** `signals`: the table of signals, captured in any case, but no part of snapshots. Throws SyntaxError for a pattern that cannot be read. */
  constructor(settings: FilterSettings, signals?: TablePlace) {
    this.#signals = signals
    this.#schema = chosen(settings.schemaIncludeList, settings.schemaExcludeList)
    this.#table = chosen(settings.tableIncludeList, settings.tableExcludeList)
    this.#builtin = !settings.tableIgnoreBuiltin
    const column = chosen(settings.columnIncludeList, settings.columnExcludeList)
    this.column = (schema, table, name) => column(`${schema}.${table}.${name}`)
    this.messagePrefix = chosen(settings.messagePrefixIncludeList, settings.messagePrefixExcludeList)
    const ordering = settings.snapshotIncludeCollectionList ?? []
    this.#order = wholeNames(ordering.length > 0 ? ordering : settings.tableIncludeList)
    const inSnapshot = chosen(settings.snapshotIncludeCollectionList, undefined)
    this.inSnapshot = (schema, table) => !this.isSignals(schema, table) && inSnapshot(`${schema}.${table}`)
    this.#keys = (settings.messageKeyColumns ?? '')
      .split(';')
      .filter(part => part.trim() !== '')
      .map(part => {
        const [, table = '', columns = ''] = keyColumnsPattern.exec(part) ?? []
        return { table: wholeName(table.trim()), columns: columns.split(',').map(name => name.trim()) }
      })
  }

  isSignals(schema: string, table: string): boolean {
    return this.#signals?.name === table && this.#signals.schema === schema
  }

  table(schema: string, table: string): boolean {
    if (this.isSignals(schema, table)) return true
    if (!this.#builtin && (builtinSchemas.has(schema) || table === 'spatial_ref_sys')) return false
    return this.#schema(schema) && this.#table(`${schema}.${table}`)
  }

  /** Place of a table in the snapshot: that of the pattern that lets it in. */
  place(schema: string, table: string): number {
    return this.#order.findIndex(pattern => pattern.test(`${schema}.${table}`))
  }

  /** Key columns that the user chose for a table; undefined: the primary key. */
  keyColumns(schema: string, table: string): readonly string[] | undefined {
    return this.#keys.find(({ table: pattern }) => pattern.test(`${schema}.${table}`))?.columns
  }
}
