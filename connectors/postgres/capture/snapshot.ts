import type { Header, Log, OffsetMap, SourceRecord } from 'millrace'
import type { SnapshotNews } from '../notifications/snapshot-news.ts'
import { type SnapshotPoint, SnapshotTable, type StreamPlace } from '../records/snapshot-record.ts'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { ConnectionLost, PgError } from '../wire/pg-error.ts'
import { Catalog, type ListedTable } from './catalog.ts'
import { Handover } from './handover.ts'
import type { Sessions } from './sessions.ts'
import { SnapshotPace } from './snapshot-pace.ts'
import { type PlannedTable, SnapshotPlan } from './snapshot-plan.ts'
import { merged, readStretches } from './stretch-reader.ts'
import type { SentColumn, TableBuilder } from './table-builder.ts'
import { chunksOf, type RowRange, rangeCondition, type TableFile, tableFiles } from './table-chunks.ts'

export interface SnapshotParts {
  readonly settings: Settings
  readonly builder: TableBuilder
  readonly partition: OffsetMap
  readonly headers: readonly Header[]
  readonly log: Log
  progress(text: string | undefined): void
  gauge?(name: string, value: number): void
  /** Undefined: all. */
  readonly rowsPerTable?: number
  /** undefined: nobody wants to hear of it. */
  readonly news?: SnapshotNews | undefined
  /** Only these tables, by `schema.table`, with the condition that their rows must meet, or a query of their rows. undefined: all captured ones. */
  readonly only?: ReadonlyMap<string, string | undefined>
  /** The rows stand in the stream; undefined: before it. */
  readonly place?: StreamPlace
  /** Where the connections for more than one reader come from; undefined: one reads all. */
  readonly sessions?: Sessions
}

/** No such snapshot, as version 16 and later and those before say it; its process is gone. */
const forgotten = new Set(['42704', '22023', '55000'])

/** Reads all rows of the captured tables as they were at one instant. */
export class Snapshot {
  readonly #parts: SnapshotParts
  readonly #connection: PgConnection
  readonly #point: SnapshotPoint
  constructor(parts: SnapshotParts, connection: PgConnection, point: SnapshotPoint) {
    this.#parts = parts
    this.#connection = connection
    this.#point = point
  }

  /**
   * Makes the transaction that the snapshot is read in. `snapshot` is the name of an exported one; undefined: the instant is now.
   * Until this resolves, the connection that exported must not be used.
   */
  async begin(snapshot: string | undefined): Promise<void> {
    await this.#begin(this.#connection, snapshot)
  }

  async #begin(connection: PgConnection, snapshot: string | undefined): Promise<void> {
    const { settings } = this.#parts
    await connection.query(
      // Rows must come in the order of the file, from its first one on, and a scan must not be ended for taking its time.
      `set synchronize_seqscans = off; set max_parallel_workers_per_gather = 0; set statement_timeout = 0;
       set idle_in_transaction_session_timeout = 0; set lock_timeout = ${settings.config.snapshotLockTimeoutMs}`,
    )
    await connection.query('begin transaction isolation level repeatable read read only')
    if (snapshot !== undefined) await importSnapshot(connection, snapshot)
    // Fixes the instant when none was imported.
    else await connection.query('select 1')
  }

  /**
   * Batches of rows. One connection reads tables in their order; several read stretches of one table or more, which then come between each
   * other (ADR 13). The records of the last batch complete the snapshot.
   */
  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const { settings, log, news, place } = this.#parts
    for (const table of settings.missingOverrides)
      log.warn(`All rows of ${table} are read: snapshot.select.statement.overrides.${table} is missing`)
    const { maxBatchSize, snapshotMaxThreads } = settings.config
    const { tables, files } = await this.#tables()
    const xmin = await this.#connection.value('select txid_snapshot_xmin(txid_current_snapshot())')
    const plan = new SnapshotPlan(tables, xmin ?? undefined)
    const pace = new SnapshotPace(this.#parts, [...files.values()])
    const others = await this.#others(Math.min(snapshotMaxThreads, plan.chunks) - 1)
    const connections = [this.#connection, ...others]
    log.info('The snapshot begins', { tables: tables.length, connections: connections.length })
    // What waits of two tables may come with a batch.
    const most = connections.length === 1 ? maxBatchSize : Math.max(1, maxBatchSize - 1)
    const readers = connections.map(connection => readStretches(connection, () => plan.take(), most))
    const handover = new Handover(plan, this.#point, place)
    for await (const read of merged(readers)) {
      const { stretch, what } = read
      const { table, chunk } = stretch
      const { name } = table.plan
      if (what === 'begin') {
        if (chunk.from > 0) continue
        pace.table(`${name}, table ${table.index + 1} of ${tables.length}`)
        const begun = news?.table(name, plan.names, handover.offset) ?? []
        if (begun.length > 0) yield begun
      } else if (what === 'rows') {
        pace.rows(read.records.length)
        const records = handover.rows(read)
        if (records.length > 0) yield records
      } else {
        pace.chunkDone(chunk, files.get(name))
        const records = handover.ended(stretch)
        if (records.length > 0) yield records
        const ended = plan.isRead(table) ? (news?.tableDone(name, table.rows, handover.offset) ?? []) : []
        if (ended.length > 0) yield ended
      }
    }
    for (const connection of connections) await connection.query('commit')
    for (const connection of others) this.#parts.sessions?.close(connection)
    const last = handover.last()
    if (last !== undefined) yield [last]
    this.#parts.progress(undefined)
    log.info('The snapshot is complete')
  }

  /** More connections that see the same instant. */
  async #others(count: number): Promise<readonly PgConnection[]> {
    const { sessions } = this.#parts
    if (sessions === undefined || count < 1) return []
    const snapshot = (await this.#connection.value('select pg_export_snapshot()')) ?? ''
    const others: PgConnection[] = []
    for (let left = count; left > 0; left--) {
      const connection = await sessions.query()
      await this.#begin(connection, snapshot)
      others.push(connection)
    }
    return others
  }

  /** What is to be read, and the files by names. */
  async #tables(): Promise<{
    readonly tables: readonly PlannedTable[]
    readonly files: ReadonlyMap<string, TableFile>
  }> {
    const { settings, builder, partition, headers, place } = this.#parts
    const catalog = new Catalog(this.#connection)
    const listed = await this.#listed(catalog)
    if (settings.config.snapshotLockingMode.toLowerCase() === 'shared' && listed.length > 0)
      await this.#connection.query(`lock table ${listed.map(nameOf).join(', ')} in access share mode`)
    const types = await catalog.types()
    const oids = listed.map(({ oid }) => oid)
    const descriptions = await catalog.describe(oids)
    const byOid = await tableFiles(this.#connection, oids)
    const files = new Map<string, TableFile>()
    const tables = listed.flatMap((table): PlannedTable[] => {
      const description = descriptions.get(table.oid)
      if (description === undefined) return []
      const columns = builder.columnsToRead(description, types)
      const file = byOid.get(table.oid)
      const name = fullName(table)
      if (file !== undefined) files.set(name, file)
      const isWhole = this.#isWhole(table) || columns.length === 0
      return [
        {
          name,
          file: isWhole ? undefined : (file?.file ?? undefined),
          chunks: chunksOf(isWhole ? undefined : file, this.#connection.serverVersion),
          from: () =>
            new SnapshotTable(
              builder.build(description, columns, types, 'copy'),
              this.#point,
              partition,
              headers,
              place,
            ),
          statement: range => this.#statement(table, columns, range, !isWhole && typeof file?.file === 'string'),
        },
      ]
    })
    return { tables, files }
  }

  async #listed(catalog: Catalog): Promise<readonly ListedTable[]> {
    const { settings, only } = this.#parts
    const { filters } = settings
    return (await catalog.tables())
      .filter(({ schema, name }) => filters.table(schema, name) && filters.inSnapshot(schema, name))
      .filter(table => only?.has(fullName(table)) ?? true)
      .toSorted((a, b) => filters.place(a.schema, a.name) - filters.place(b.schema, b.name))
  }

  /** All at once where nobody could go on from a place in the file. */
  #isWhole(table: ListedTable): boolean {
    const { place, rowsPerTable, settings } = this.#parts
    return place !== undefined || rowsPerTable !== undefined || overrideOf(settings, table) !== undefined
  }

  #statement(table: ListedTable, columns: readonly SentColumn[], range: RowRange, hasPlaces: boolean): string {
    const { rowsPerTable, only } = this.#parts
    const asked = only?.get(fullName(table))?.trim().replace(/;$/, '') || undefined
    const query = asked !== undefined && isQuery(asked) ? asked : overrideOf(this.#parts.settings, table)
    const from = query === undefined ? nameOf(table) : `(${query}) as overridden`
    const selected = [...(hasPlaces ? ['ctid'] : []), ...columns.map(({ name }) => identifier(name))].join(', ')
    const condition = asked === undefined || asked === query ? rangeCondition(range) : asked
    const where = condition === undefined ? '' : ` where ${condition}`
    const limit = rowsPerTable === undefined ? '' : ` limit ${rowsPerTable}`
    return `copy (select ${selected} from ${from}${where}${limit}) to stdout`
  }
}

/** The server forgets a snapshot with the connection that exported it, and then says that there is none: a matter of trying again. */
const importSnapshot = async (connection: PgConnection, snapshot: string): Promise<void> => {
  try {
    await connection.query(`set transaction snapshot ${literal(snapshot)}`)
  } catch (error) {
    if (!(error instanceof PgError && forgotten.has(error.code))) throw error
    throw new ConnectionLost(`the connection that held the snapshot has ended (${error.text})`, { cause: error })
  }
}

/** Debezium takes queries for blocking snapshots, and conditions for incremental ones. */
const isQuery = (text: string): boolean => /^\s*(select|with|table|values)\b/i.test(text)
const fullName = (table: ListedTable): string => `${table.schema}.${table.name}`
const overrideOf = ({ selectOverrides }: Settings, table: ListedTable): string | undefined =>
  selectOverrides.get(fullName(table)) ?? selectOverrides.get(table.name)
const nameOf = (table: ListedTable): string => `${identifier(table.schema)}.${identifier(table.name)}`
