import { type Log, pause } from 'millrace'
import { Catalog, type TableDescription } from '../capture/catalog.ts'
import type { SentColumn, TableBuilder } from '../capture/table-builder.ts'
import type { CapturedTable } from '../records/captured-table.ts'
import type { Settings } from '../settings/settings.ts'
import type { TablePlace } from '../settings/signal-settings.ts'
import type { TypeRegistry } from '../types/type-registry.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { errorFields, PgError } from '../wire/pg-error.ts'
import type { JavaValue } from './java-objects.ts'
import { chunkCopy, type KeyColumn, type KeyTexts, maximumQuery } from './key-order.ts'
import { identity, lineTexts } from './row-identity.ts'
import { type Collection, keyValue } from './state.ts'
import { type RecentTransactions, visibilityOf } from './transactions.ts'

/** A table cannot be read in chunks; `status` as notifications name the reason. */
export class TableRefused extends Error {
  readonly status: 'UNKNOWN_SCHEMA' | 'NO_PRIMARY_KEY'

  constructor(status: 'UNKNOWN_SCHEMA' | 'NO_PRIMARY_KEY', message: string) {
    super(message)
    this.status = status
  }
}

/** Rows of a table in the order of its key, as of one instant. */
export interface Chunk {
  readonly table: CapturedTable
  /** Names of the columns that identify a row. */
  readonly key: readonly string[]
  /** All columns that the table has, captured or not. */
  readonly columns: readonly SentColumn[]
  /** COPY lines without their ends, in memory of their own. */
  readonly rows: readonly Buffer[]
  readonly identities: readonly string[]
  /** Identities that several rows may have. */
  readonly shared: ReadonlySet<string>
  readonly last: readonly JavaValue[] | undefined
  /** undefined: the table has no row that is asked for. */
  readonly maximum: readonly JavaValue[] | undefined
}

/** A table as a chunk needs it. */
interface Prepared {
  readonly description: string
  readonly table: CapturedTable
  readonly columns: readonly SentColumn[]
  /** What orders the rows. */
  readonly key: readonly KeyColumn[]
  readonly places: readonly number[]
  /** What identifies them: the primary key, also where another column orders them. */
  readonly identity: readonly string[]
  readonly identityPlaces: readonly number[]
  readonly isUnique: boolean
  readonly all: readonly SentColumn[]
  readonly ties: boolean
}

const notYetVisibleMs = 20

const texts = (values: readonly JavaValue[] | undefined): KeyTexts | undefined =>
  values?.map(value => value?.text ?? null)

/** Reads chunks on a connection of its own. */
export class ChunkReader {
  readonly #settings: Settings
  readonly #builder: TableBuilder
  readonly connection: PgConnection
  readonly #catalog: Catalog
  readonly #signal: AbortSignal
  readonly #log: Log
  readonly #prepared = new Map<string, Prepared>()

  constructor(settings: Settings, builder: TableBuilder, connection: PgConnection, signal: AbortSignal, log: Log) {
    this.#settings = settings
    this.#builder = builder
    this.connection = connection
    this.#catalog = new Catalog(connection)
    this.#signal = signal
    this.#log = log
  }

  /** Names of the columns that identify a row of the table. Throws as `read`. */
  async key(collection: Collection, place: TablePlace): Promise<readonly string[]> {
    return (await this.#prepare(collection, place)).identity
  }

  /**
   * The rows behind `after`. Throws TableRefused where there is no way to read the table in chunks, PgError for what the server says of it
   * (a condition that it does not understand).
   */
  async read(
    collection: Collection,
    place: TablePlace,
    after: readonly JavaValue[] | undefined,
    maximum: readonly JavaValue[] | undefined,
    recent: RecentTransactions,
  ): Promise<Chunk> {
    for (;;) {
      try {
        await this.#begin(place)
        const current = this.connection.serverVersion >= 130000 ? 'pg_current_snapshot()' : 'txid_current_snapshot()'
        const snapshot = await this.connection.value(`select ${current}`)
        if (recent.allVisible(visibilityOf(snapshot ?? ''))) return await this.#chunk(collection, place, after, maximum)
      } finally {
        // What was only read needs no word on how it ended.
        if (this.connection.socket.failed === undefined) await this.connection.query('rollback')
      }
      this.#log.debug('A transaction that the stream has told of is not visible yet: the chunk is read again')
      await pause(notYetVisibleMs, this.#signal)
    }
  }

  /**
   * The table stands still before the instant is taken: one that is written anew (ALTER TABLE) behind it is empty as of that instant, and
   * its rows would be lost (invariant 4).
   */
  async #begin({ schema, name }: TablePlace): Promise<void> {
    const begin = 'begin transaction isolation level repeatable read read only'
    try {
      await this.connection.query(`${begin}; lock table ${identifier(schema)}.${identifier(name)} in access share mode`)
    } catch (error) {
      // Who may read only some columns may not lock.
      if (!(error instanceof PgError) || error.code !== '42501') throw error
      await this.connection.query(`rollback; ${begin}`)
    }
  }

  async #chunk(
    collection: Collection,
    place: TablePlace,
    after: readonly JavaValue[] | undefined,
    known: readonly JavaValue[] | undefined,
  ): Promise<Chunk> {
    const prepared = await this.#prepare(collection, place)
    const { table, key, columns, identity: names, all } = prepared
    const name = `${identifier(place.schema)}.${identifier(place.name)}`
    const none = { rows: [], identities: [], shared: new Set<string>(), last: undefined }
    const maximum = known ?? (await this.#maximum(name, key, collection.condition))
    if (maximum === undefined) return { ...none, table, key: names, columns: all, maximum: undefined }
    const selected = columns.map(column => identifier(column.name)).join(', ')
    const rows = await this.#copy(
      chunkCopy(name, selected, key, {
        after: texts(after),
        maximum: texts(maximum)!,
        condition: collection.condition,
        rows: this.#settings.signals.chunkSize,
        ties: prepared.ties,
      }),
    )
    const end = rows.at(-1)
    const last =
      end && lineTexts(end, 0, end.length, prepared.places).map((text, index) => keyValue(text, key[index]!.type))
    const keys = rows.map(row => lineTexts(row, 0, row.length, prepared.identityPlaces))
    const identities = keys.map(identity)
    const shared = new Set(identities.filter((_, index) => !prepared.isUnique || keys[index]!.includes(null)))
    return { table, key: names, columns: all, rows, identities, shared, last, maximum }
  }

  async #maximum(
    table: string,
    key: readonly KeyColumn[],
    condition: string | undefined,
  ): Promise<readonly JavaValue[] | undefined> {
    const { rows } = await this.connection.query(maximumQuery(table, key, condition))
    return rows[0]?.map((text, index) => keyValue(text, key[index]!.type))
  }

  async #prepare(collection: Collection, { schema, name }: TablePlace): Promise<Prepared> {
    if (!this.#settings.filters.table(schema, name))
      throw new TableRefused(
        'UNKNOWN_SCHEMA',
        `${collection.id} is not captured: add it to table.include.list before a snapshot of it is asked for`,
      )
    const oid = await this.connection.value(
      `select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${literal(schema)} and c.relname = ${literal(name)} and c.relkind in ('r', 'p')`,
    )
    const description = oid === null ? undefined : (await this.#catalog.describe([Number(oid)])).get(Number(oid))
    if (description === undefined)
      throw new TableRefused('UNKNOWN_SCHEMA', `The database has no table ${collection.id}`)
    const form = JSON.stringify([description, collection.surrogateKey])
    const known = this.#prepared.get(collection.id)
    if (known?.description === form) return known
    const types = await this.#catalog.types(description.columns.map(({ typeOid }) => typeOid))
    const key = this.#key(collection, description, types)
    const read = this.#builder.columnsToRead(description, types)
    const isUnique = description.keyColumns.length > 0
    const names = key.map(column => column.name)
    const identity = isUnique ? description.keyColumns : names
    const missing = [...new Set([...names, ...identity])].filter(column => !read.some(({ name }) => name === column))
    const columns = [...read, ...missing.map(column => description.columns.find(({ name }) => name === column)!)]
    const placesOf = (wanted: readonly string[]) =>
      wanted.map(column => columns.findIndex(({ name }) => name === column))
    const prepared: Prepared = {
      description: form,
      table: this.#builder.build(description, columns, types, 'copy'),
      columns,
      key,
      places: placesOf(names),
      identity,
      identityPlaces: placesOf(identity),
      isUnique,
      all: description.columns,
      ties: key.some(({ nullable }) => nullable) || collection.surrogateKey !== undefined,
    }
    if (prepared.ties && this.connection.serverVersion < 130000)
      throw new TableRefused(
        'NO_PRIMARY_KEY',
        `${collection.id} has only a key that can be null, or a surrogate key: that needs PostgreSQL 13 or later`,
      )
    this.#prepared.set(collection.id, prepared)
    return prepared
  }

  #key({ id, surrogateKey }: Collection, description: TableDescription, types: TypeRegistry): readonly KeyColumn[] {
    const names = surrogateKey === undefined ? description.keyColumns : [surrogateKey]
    if (names.length === 0)
      throw new TableRefused(
        'NO_PRIMARY_KEY',
        `${id} has no primary key: add one, or name a unique column as surrogate-key in the signal`,
      )
    return names.map(name => {
      const column = description.columns.find(({ name: own }) => own === name)
      if (column === undefined)
        throw new TableRefused('NO_PRIMARY_KEY', `${id} has no column ${name}, which surrogate-key names`)
      return { name, type: types.resolve(column.typeOid, column.typmod).name, nullable: !column.notNull }
    })
  }

  async #copy(statement: string): Promise<readonly Buffer[]> {
    await this.connection.startCopy(statement)
    const rows: Buffer[] = []
    let failure: PgError | undefined
    for (;;) {
      const { type, buf, at, end } = await this.connection.next()
      // The memory is read into again, and a line end is no part of the row.
      if (type === 'd') rows.push(Buffer.from(buf.subarray(at, end - 1)))
      else if (type === 'E') failure = new PgError(errorFields(buf, at, end))
      else if (type === 'Z') break
      if (failure !== undefined && failure.severity !== 'ERROR') break
    }
    this.connection.socket.recycle()
    if (failure !== undefined) throw failure
    return rows
  }
}
