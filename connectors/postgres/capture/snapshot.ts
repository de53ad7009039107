import type { Header, Log, OffsetMap, SourceRecord } from 'millrace'
import type { SnapshotNews } from '../notifications/snapshot-news.ts'
import { Moment } from '../records/moment.ts'
import {
  pointOffset,
  type SnapshotPoint,
  SnapshotRecord,
  SnapshotTable,
  type StreamPlace,
} from '../records/snapshot-record.ts'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { ConnectionLost, errorFields, PgError } from '../wire/pg-error.ts'
import { Catalog, type ListedTable } from './catalog.ts'
import { SnapshotPace } from './snapshot-pace.ts'
import { progressMembers } from './snapshot-progress.ts'
import type { TableBuilder } from './table-builder.ts'
import { chunkCondition, chunksOf, type TableChunk, type TableFile, tableFiles } from './table-chunks.ts'

/** A batch ends at this many bytes of rows, whatever max.batch.size says: memory is bounded. */
const batchBytes = 4 * 1024 * 1024

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
  /** Only these tables, by `schema.table`, with the condition that their rows must meet. undefined: all captured ones. */
  readonly only?: ReadonlyMap<string, string | undefined>
  /** The rows stand in the stream; undefined: before it. */
  readonly place?: StreamPlace
}

/** No such snapshot, as version 16 and later and those before say it; its process is gone. */
const forgotten = new Set(['42704', '22023', '55000'])

const copyData = 0x64
const errorResponse = 0x45
const readyForQuery = 0x5a

/** Reads all rows of the captured tables as they were at one instant. */
export class Snapshot {
  readonly #parts: SnapshotParts
  readonly #connection: PgConnection
  readonly #point: SnapshotPoint
  /** The row read last: what it is called depends on what comes after it. */
  #held: SnapshotRecord | undefined
  #any = false
  /** The next row is the first of its table. */
  #first = false

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
    const { settings } = this.#parts
    await this.#connection.query(
      // A scan must begin at the first row, and must not be ended for taking its time.
      `set synchronize_seqscans = off; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
       set lock_timeout = ${settings.config.snapshotLockTimeoutMs}`,
    )
    await this.#connection.query('begin transaction isolation level repeatable read read only')
    if (snapshot !== undefined) await this.#import(snapshot)
    // Fixes the instant when none was imported.
    else await this.#connection.query('select 1')
  }

  /** The server forgets a snapshot with the connection that exported it, and then says that there is none: a matter of trying again. */
  async #import(snapshot: string): Promise<void> {
    try {
      await this.#connection.query(`set transaction snapshot ${literal(snapshot)}`)
    } catch (error) {
      if (!(error instanceof PgError && forgotten.has(error.code))) throw error
      throw new ConnectionLost(`the connection that held the snapshot has ended (${error.text})`, { cause: error })
    }
  }

  /** Batches of rows, in order of tables. The records of the last batch complete the snapshot. */
  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const { settings, log } = this.#parts
    const catalog = new Catalog(this.#connection)
    const tables = await this.#tables(catalog)
    if (settings.config.snapshotLockingMode.toLowerCase() === 'shared' && tables.length > 0)
      await this.#connection.query(`lock table ${tables.map(nameOf).join(', ')} in access share mode`)
    log.info('The snapshot begins', { tables: tables.length })
    const types = await catalog.types()
    const descriptions = await catalog.describe(tables.map(({ oid }) => oid))
    const files = await tableFiles(
      this.#connection,
      tables.map(({ oid }) => oid),
    )
    const pace = new SnapshotPace(this.#parts, [...files.values()])
    const { news, place } = this.#parts
    const unfinished = place?.offset ?? pointOffset(this.#point, false)
    const names = tables.map(fullName)
    for (const [index, listed] of tables.entries()) {
      pace.table(`${fullName(listed)}, table ${index + 1} of ${tables.length}`)
      const description = descriptions.get(listed.oid)
      if (description === undefined) continue
      const { builder, partition, headers } = this.#parts
      const columns = builder.columnsToRead(description, types)
      const table = builder.build(description, columns, types, 'copy')
      const begun = news?.table(fullName(listed), names, unfinished) ?? []
      if (begun.length > 0) yield begun
      const file = files.get(listed.oid)
      const selected = columns.map(({ name }) => identifier(name)).join(', ')
      this.#first = true
      let rows = 0
      for (const chunk of this.#chunks(listed, file)) {
        const isBeginning = index === 0 && chunk.from === 0
        const progress = isBeginning
          ? undefined
          : progressMembers({ left: names.slice(index), file: file?.file ?? null, block: chunk.from })
        const from = new SnapshotTable(table, this.#point, partition, headers, place, progress)
        rows += yield* this.#rows(from, this.#statement(listed, selected, chunk), pace)
        pace.chunkDone(chunk, file)
      }
      const ended = news?.tableDone(fullName(listed), rows, unfinished) ?? []
      if (ended.length > 0) yield ended
    }
    await this.#connection.query('commit')
    if (this.#held !== undefined) {
      this.#held.marker = 'last'
      yield [this.#held]
    }
    this.#parts.progress(undefined)
    log.info('The snapshot is complete')
  }

  async #tables(catalog: Catalog): Promise<readonly ListedTable[]> {
    const { settings, only } = this.#parts
    const { filters } = settings
    return (await catalog.tables())
      .filter(({ schema, name }) => filters.table(schema, name) && filters.inSnapshot(schema, name))
      .filter(table => only?.has(fullName(table)) ?? true)
      .toSorted((a, b) => filters.place(a.schema, a.name) - filters.place(b.schema, b.name))
  }

  /** All at once where nobody could go on from a chunk. */
  #chunks(table: ListedTable, file: TableFile | undefined): readonly TableChunk[] {
    const { place, rowsPerTable, settings } = this.#parts
    const isWhole = place !== undefined || rowsPerTable !== undefined || overrideOf(settings, table) !== undefined
    return chunksOf(isWhole ? undefined : file, this.#connection.serverVersion)
  }

  #statement(table: ListedTable, columns: string, chunk: TableChunk): string {
    const override = overrideOf(this.#parts.settings, table)
    const from = override === undefined ? nameOf(table) : `(${override}) as overridden`
    const { rowsPerTable, only } = this.#parts
    const condition = only?.get(fullName(table)) ?? chunkCondition(chunk)
    const where = condition === undefined ? '' : ` where ${condition}`
    const limit = rowsPerTable === undefined ? '' : ` limit ${rowsPerTable}`
    return `copy (select ${columns} from ${from}${where}${limit}) to stdout`
  }

  /** Returns how many there were. */
  async *#rows(
    table: SnapshotTable,
    statement: string,
    pace: SnapshotPace,
  ): AsyncGenerator<readonly SnapshotRecord[], number> {
    const { maxBatchSize } = this.#parts.settings.config
    const { socket } = this.#connection
    await this.#connection.startCopy(statement)
    let batch: SnapshotRecord[] = []
    let bytes = 0
    let rows = 0
    let moment = new Moment()
    let failure: PgError | undefined
    for (;;) {
      const { buf, end } = socket
      let { start } = socket
      while (end - start >= 5) {
        const next = start + 1 + buf.readInt32BE(start + 1)
        if (next > end) break
        const type = buf[start]
        if (type === copyData) {
          // The line end is no part of the row.
          const record = new SnapshotRecord(table, buf, start + 5, next - 1, moment)
          const held = this.#held
          if (held !== undefined) {
            if (this.#first && held.marker !== 'first') held.marker = 'last_in_data_collection'
            batch.push(held)
          }
          if (this.#first) record.marker = this.#any ? 'first_in_data_collection' : 'first'
          this.#held = record
          this.#any = true
          this.#first = false
          bytes += next - start
          rows++
        } else if (type === errorResponse) failure = new PgError(errorFields(buf, start + 5, next))
        start = next
        if (type === readyForQuery) {
          socket.start = start
          if (failure !== undefined) throw failure
          if (batch.length === 0) return rows
          this.#held = this.#held?.moved(new Moment())
          pace.rows(batch.length)
          yield batch
          moment.end()
          socket.recycle()
          return rows
        }
        if (batch.length >= maxBatchSize || bytes >= batchBytes) break
      }
      socket.start = start
      if (batch.length >= maxBatchSize || bytes >= batchBytes) {
        const next = new Moment()
        this.#held = this.#held?.moved(next)
        pace.rows(batch.length)
        yield batch
        moment.end()
        socket.recycle()
        batch = []
        bytes = 0
        moment = next
      } else if (failure !== undefined && failure.severity !== 'ERROR') throw failure
      else await socket.more()
    }
  }
}

const fullName = (table: ListedTable): string => `${table.schema}.${table.name}`
const overrideOf = ({ selectOverrides }: Settings, table: ListedTable): string | undefined =>
  selectOverrides.get(fullName(table)) ?? selectOverrides.get(table.name)
const nameOf = (table: ListedTable): string => `${identifier(table.schema)}.${identifier(table.name)}`
