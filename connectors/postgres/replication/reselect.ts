import { ConnectError, type Log, type SourceRecord } from 'millrace'
import type { CapturedTable } from '../records/captured-table.ts'
import { Change, ChangeRecord } from '../records/change-record.ts'
import { fieldText, isLeftOut, splitTuple } from '../records/row-layout.ts'
import type { ReselectSettings } from '../settings/reselect-settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'
import { withFields } from './messages.ts'

/** Rows that one statement reads. */
const rowsAtOnce = 100

/** A field by its place in what the server sends. */
interface Field {
  readonly place: number
  readonly name: string
}

interface Column extends Field {
  /** A null that shows as null: there is no default, nor a mask in its place. */
  readonly showsNull: boolean
}

interface Plan {
  /** What may be read again. */
  readonly columns: readonly Column[]
  /** What finds a row. */
  readonly key: readonly Field[]
}

/** A change that lacks values, and how its row is found. */
interface Lacking {
  /** In the batch. */
  readonly index: number
  readonly record: ChangeRecord
  readonly change: Change
  readonly condition: string
}

/** Changes of one table that lack the same columns. */
interface Group {
  readonly table: CapturedTable
  readonly columns: readonly Field[]
  readonly rows: Lacking[]
}

/** Reads values again that changes lack, as rows have them by now: many rows with one statement. */
export class Reselect {
  readonly #settings: ReselectSettings
  readonly #log: Log
  readonly #connection: () => Promise<PgConnection>
  readonly #plans = new WeakMap<CapturedTable, Plan>()

  /** `connection`: one that nothing else waits for. */
  constructor(settings: ReselectSettings, log: Log, connection: () => Promise<PgConnection>) {
    this.#settings = settings
    this.#log = log
    this.#connection = connection
  }

  /** Puts records with all values in the place of those that lack some. Throws ConnectError when the settings say so, ConnectionLost. */
  async apply(batch: SourceRecord[]): Promise<void> {
    for (const group of this.#groups(batch)) {
      for (let from = 0; from < group.rows.length; from += rowsAtOnce)
        await this.#read(batch, group, group.rows.slice(from, from + rowsAtOnce))
    }
  }

  #groups(batch: readonly SourceRecord[]): Iterable<Group> {
    const groups = new Map<CapturedTable, Map<string, Group>>()
    for (const [index, record] of batch.entries()) {
      if (!(record instanceof ChangeRecord) || !(record.value instanceof Change)) continue
      const change = record.value
      const { table, newAt, buf } = change
      const { columns, key } = this.#plan(table)
      if (newAt < 0 || columns.length === 0 || key.length === 0) continue
      splitTuple(buf, newAt, change.oldAt, table.sent.length)
      const lacking = columns.filter(column => this.#lacks(change, column))
      if (lacking.length === 0) continue
      const condition = key.map(field => `${identifier(field.name)} = ${keyText(buf, field)}`).join(' and ')
      let ofTable = groups.get(table)
      if (ofTable === undefined) {
        ofTable = new Map()
        groups.set(table, ofTable)
      }
      const name = lacking.map(({ place }) => place).join()
      const group = ofTable.get(name) ?? { table, columns: lacking, rows: [] }
      ofTable.set(name, group)
      group.rows.push({ index, record, change, condition })
    }
    return [...groups.values()].flatMap(ofTable => [...ofTable.values()])
  }

  #lacks({ buf }: Change, { place, showsNull }: Column): boolean {
    if (isLeftOut(place)) return this.#settings.unavailable
    return this.#settings.nulls && showsNull && fieldText(buf, place) === null
  }

  #plan(table: CapturedTable): Plan {
    const known = this.#plans.get(table)
    if (known !== undefined) return known
    const { schema, name, sent } = table
    const rowSchema = table.envelopeSchema.field('after')!.schema
    const field = (place: number): Field => ({ place, name: sent[place]! })
    const keyPlaces = this.#settings.byEventKey
      ? (table.key?.columns ?? []).map(({ place }) => place)
      : table.primaryKey.map(column => sent.indexOf(column))
    const plan: Plan = {
      columns: table.row.columns
        .map(({ place, missing }, at) => ({
          ...field(place),
          showsNull: missing === null && rowSchema.fields[at]!.schema.default === undefined,
        }))
        .filter(column => this.#settings.wanted(schema, name, column.name)),
      key: keyPlaces.every(place => place >= 0) ? [...new Set(keyPlaces)].map(field) : [],
    }
    this.#plans.set(table, plan)
    return plan
  }

  async #read(batch: SourceRecord[], { table, columns }: Group, rows: readonly Lacking[]): Promise<void> {
    const names = columns.map(({ name }) => identifier(name)).join(', ')
    const from = `${identifier(table.schema)}.${identifier(table.name)}`
    const sql = rows.map(({ condition }, at) => `(select ${at}, ${names} from ${from} where ${condition} limit 1)`)
    const found = new Set<number>()
    try {
      for (const [number, ...texts] of (await (await this.#connection()).query(sql.join(' union all '))).rows) {
        const at = Number(number)
        const { index, record, change } = rows[at]!
        found.add(at)
        batch[index] = record.with(withTexts(change, columns, texts))
      }
    } catch (error) {
      if (!(error instanceof PgError)) throw error
      const what = `Columns ${names} of ${from} could not be read again: ${error.message}`
      if (this.#settings.failOnError)
        throw new ConnectError(`${what}; see to it, or set reselect.error.handling.mode=warn`, { cause: error })
      this.#log.warn(`${what}; ${rows.length} changes are handed on without them`)
      return
    }
    if (found.size < rows.length)
      this.#log.warn(`${rows.length - found.size} rows of ${from} are gone and could not be read again`, {
        lsn: rows.find((_, at) => !found.has(at))!.change.lsn,
      })
  }
}

const keyText = (buf: Buffer, { place }: Field): string => {
  const text = fieldText(buf, place)
  return text === null ? 'null' : literal(text)
}

const withTexts = (change: Change, columns: readonly Field[], texts: readonly (string | null)[]): Change => {
  const { buf, oldAt, newAt } = change
  const read = new Map(columns.map(({ place }, at) => [place, texts[at] ?? null]))
  const old = oldAt < 0 ? Buffer.alloc(0) : buf.subarray(oldAt, newAt)
  return change.moved(Buffer.concat([old, withFields(buf, newAt, read)]), oldAt < 0 ? -1 : 0, old.length)
}
