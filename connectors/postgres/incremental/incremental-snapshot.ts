import { randomUUID } from 'node:crypto'
import type { Header, Log, OffsetMap, SourceRecord } from 'millrace'
import { currentLsn } from '../capture/current-lsn.ts'
import type { TableBuilder } from '../capture/table-builder.ts'
import { explain, isPassing } from '../failures.ts'
import type { NotificationData, Notifier } from '../notifications/notifier.ts'
import { silentRecord } from '../records/message-record.ts'
import { Moment } from '../records/moment.ts'
import { SnapshotRecord, SnapshotTable, type StreamPlace } from '../records/snapshot-record.ts'
import type { Settings } from '../settings/settings.ts'
import { parseTable } from '../settings/signal-settings.ts'
import type { PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'
import { type Chunk, ChunkReader, TableRefused } from './chunk-reader.ts'
import type { JavaValue } from './java-objects.ts'
import { type Collection, type IncrementalState, stateMembers, withoutState } from './state.ts'
import { RecentTransactions } from './transactions.ts'
import { Watermarks } from './watermarks.ts'
import { type Relations, Window } from './window.ts'

export interface IncrementalParts {
  readonly settings: Settings
  readonly builder: TableBuilder
  readonly partition: OffsetMap
  readonly headers: readonly Header[]
  readonly log: Log
  readonly signal: AbortSignal
  readonly notifier: Notifier
  readonly relations: Relations
  connect(): Promise<PgConnection>
  progress(text: string | undefined): void
  /** Something became due. */
  attention(): void
}

type TableEnd = 'SUCCEEDED' | 'EMPTY' | 'NO_PRIMARY_KEY' | 'UNKNOWN_SCHEMA' | 'SQL_EXCEPTION'

/** What one reading brought: tables that have no more rows, then a chunk of the next one. */
interface Reading {
  readonly ended: readonly { readonly collection: Collection; readonly status: TableEnd }[]
  readonly read: { readonly collection: Collection; readonly chunk: Chunk; readonly window: Window } | undefined
  /** All that the reading saw lies before this LSN. */
  readonly fence: number
}

/** A row that never comes to rest must not hold up all others. */
const mostReadAgain = 20

const shown = (key: readonly JavaValue[] | undefined): string =>
  key === undefined ? '"<null>"' : key.map(value => value?.text ?? '<null>').join(',')

/**
 * Snapshots of tables in chunks, beside the stream. A chunk is read as of some instant S on a connection of its own while the stream
 * goes on; its rows enter the stream at a place behind S (the close row, or the LSN reached after reading). Rows that the stream told of
 * since before the reading began are left out: the stream's word is as new or newer (invariant 5).
 */
export class IncrementalSnapshot {
  readonly #parts: IncrementalParts
  readonly #recent = new RecentTransactions()
  #reader: ChunkReader | undefined
  #watermarks: Watermarks | undefined
  #state: IncrementalState | undefined
  #members: OffsetMap | undefined
  #paused = false
  #window: Window | undefined
  #working: Promise<void> | undefined
  #reading: Reading | undefined
  #failure: unknown
  #scanned = 0
  #readAgain = 0
  #chunkId = ''

  /** `state`: to go on from. */
  constructor(parts: IncrementalParts, state: IncrementalState | undefined) {
    this.#parts = parts
    this.#become(state)
    if (state === undefined) return
    parts.log.info('The incremental snapshot goes on', { tables: state.collections.map(({ id }) => id) })
    this.#start()
  }

  /** What stored positions carry. */
  get members(): OffsetMap | undefined {
    return this.#members
  }

  get window(): Window | undefined {
    return this.#window
  }

  began(xid: number): void {
    this.#recent.add(xid)
  }

  /** Whether this is the chunk that is being read. */
  isCurrent(chunk: string): boolean {
    return chunk === this.#chunkId
  }

  due(received: number): 'now' | 'ask' | undefined {
    if (this.#failure !== undefined) return 'now'
    if (this.#reading === undefined) return undefined
    if (received < this.#reading.fence) return 'ask'
    // Its row would have been met: it lies before the fence.
    if (this.#watermarks?.inUse === true) this.#watermarks.giveUp('it is not in the publication')
    return 'now'
  }

  /** Adds tables to those to be read. Returns notifications. */
  add(collections: readonly Collection[], id: string, place: StreamPlace): readonly SourceRecord[] {
    const known = this.#state?.collections ?? []
    // A signal that arrives once more after a restart.
    const fresh = collections.filter(
      collection =>
        this.#state?.correlationId !== id ||
        !known.some(other => other.id === collection.id && other.condition === collection.condition),
    )
    if (fresh.length === 0) return []
    const running = this.#state !== undefined
    this.#become({
      last: undefined,
      maximum: undefined,
      ...this.#state,
      collections: [...known, ...fresh],
      correlationId: id,
    })
    if (running) return []
    const told = this.#notify('STARTED', { data_collections: this.#tables() }, place)
    this.#start()
    return told
  }

  /** Stops for these tables; undefined: all. Returns notifications. */
  stop(chosen: ((id: string) => boolean) | undefined, place: StreamPlace): readonly SourceRecord[] {
    const state = this.#state
    if (state === undefined) return []
    const stopped = state.collections.filter(({ id }) => chosen?.(id) ?? true)
    const left = state.collections.filter(collection => !stopped.includes(collection))
    const [first] = left
    const sameTable = first === state.collections[0]
    const { correlationId } = state
    this.#become(
      first === undefined
        ? undefined
        : sameTable
          ? { ...state, collections: left }
          : { collections: left, last: undefined, maximum: undefined, correlationId },
    )
    if (!sameTable) this.#scanned = 0
    if (this.#state === undefined) this.#paused = false
    this.#parts.log.info('The incremental snapshot was stopped', { tables: stopped.map(({ id }) => id) })
    return this.#notify('ABORTED', { data_collections: stopped.map(({ id }) => id).join(',') }, place, correlationId)
  }

  pause(place: StreamPlace): readonly SourceRecord[] {
    if (this.#state === undefined || this.#paused) return []
    this.#paused = true
    return this.#notify('PAUSED', { data_collections: this.#tables() }, place)
  }

  resume(place: StreamPlace): readonly SourceRecord[] {
    if (this.#state === undefined || !this.#paused) return []
    this.#paused = false
    const told = this.#notify('RESUMED', { data_collections: this.#tables() }, place)
    this.#start()
    return told
  }

  /** The stream has come to the place of what was read: its rows, and notifications. Begins the next reading. */
  async *enter(place: StreamPlace): AsyncGenerator<readonly SourceRecord[]> {
    await this.#working
    if (this.#failure !== undefined) throw this.#failure
    const reading = this.#reading
    this.#reading = undefined
    if (reading === undefined) return
    const told: SourceRecord[] = []
    const isRunning = this.#state !== undefined
    for (const { collection, status } of reading.ended) told.push(...this.#ended(collection, status, place))
    const { read } = reading
    const rows =
      read === undefined || read.collection !== this.#state?.collections[0] ? [] : this.#rows(read, place, told)
    if (rows.length > 0) yield rows
    if (told.length > 0) yield told
    // That it is complete must not wait for the next change.
    if (isRunning && this.#state === undefined) yield [silentRecord(this.#parts.partition, this.#offset(place))]
    this.#start()
  }

  #become(state: IncrementalState | undefined): void {
    this.#state = state
    this.#members = state === undefined ? undefined : Object.freeze(stateMembers(state))
    if (state === undefined) this.#window = undefined
  }

  #tables(): string {
    return (this.#state?.collections ?? []).map(({ id }) => id).join(',')
  }

  #notify(
    type: 'STARTED' | 'IN_PROGRESS' | 'TABLE_SCAN_COMPLETED' | 'COMPLETED' | 'PAUSED' | 'RESUMED' | 'ABORTED',
    data: NotificationData,
    place: StreamPlace,
    id = this.#state?.correlationId,
  ): readonly SourceRecord[] {
    const aggregate = 'Incremental Snapshot'
    return this.#parts.notifier.notify({ id: id ?? randomUUID(), aggregate, type, data }, this.#offset(place))
  }

  #offset(place: StreamPlace): OffsetMap {
    return { ...withoutState(place.offset), ...this.#members }
  }

  #ended(collection: Collection, status: TableEnd, place: StreamPlace): readonly SourceRecord[] {
    const state = this.#state
    // Stopped meanwhile.
    if (state === undefined || collection !== state.collections[0]) return []
    const told = this.#notify(
      'TABLE_SCAN_COMPLETED',
      {
        scanned_collection: collection.id,
        total_rows_scanned: String(this.#scanned),
        data_collections: this.#tables(),
        status,
      },
      place,
    )
    this.#parts.log.info(`The incremental snapshot of ${collection.id} has ended`, { rows: this.#scanned, status })
    this.#scanned = 0
    const { correlationId } = state
    const left = state.collections.slice(1)
    this.#become(
      left.length === 0 ? undefined : { collections: left, last: undefined, maximum: undefined, correlationId },
    )
    if (left.length > 0) return told
    this.#parts.progress(undefined)
    this.#parts.log.info('The incremental snapshot is complete')
    return [...told, ...this.#notify('COMPLETED', {}, place, correlationId)]
  }

  #rows({ chunk, window }: NonNullable<Reading['read']>, place: StreamPlace, told: SourceRecord[]): SnapshotRecord[] {
    // Read again: nothing of it may be trusted.
    if (window.unsure || window.key.join() !== chunk.key.join() || window.isOtherForm(chunk.columns)) return []
    if (chunk.identities.some(identity => window.has(identity) && chunk.shared.has(identity))) return []
    if (this.#isLacking({ chunk, window })) return []
    const { partition, headers } = this.#parts
    this.#scanned += chunk.rows.length
    const before = this.#offset(place)
    this.#become({ ...this.#state!, last: chunk.last, maximum: chunk.maximum })
    told.push(
      ...this.#notify(
        'IN_PROGRESS',
        {
          current_collection_in_progress: this.#state!.collections[0]!.id,
          maximum_key: shown(chunk.maximum),
          last_processed_key: shown(chunk.last),
          data_collections: this.#tables(),
        },
        place,
      ),
    )
    const moment = new Moment()
    const point = { lsn: 0, txId: 0, tsMicros: moment.micros }
    const tableAt = (offset: OffsetMap) =>
      new SnapshotTable(chunk.table, point, partition, headers, { ...place, offset })
    const within = tableAt(before)
    const lines = chunk.rows.filter((_, index) => !window.has(chunk.identities[index]!))
    // The chunk is done with its last row, not before (invariant 4).
    const done = tableAt(this.#offset(place))
    return lines.map((line, index) => {
      const record = new SnapshotRecord(index === lines.length - 1 ? done : within, line, 0, line.length, moment)
      record.marker = 'incremental'
      return record
    })
  }

  /** A row that is left out here, and that the stream told of without a large value: read again, it comes whole. */
  #isLacking({ chunk, window }: Pick<NonNullable<Reading['read']>, 'chunk' | 'window'>): boolean {
    const lacking = chunk.identities.filter(identity => window.lacks(identity)).length
    if (lacking > 0 && ++this.#readAgain <= mostReadAgain) return true
    if (lacking > 0)
      this.#parts.log.warn(
        `${lacking} rows of ${chunk.table.schema}.${chunk.table.name} were written to each time they were read: large values that did not change are not told for them; set REPLICA IDENTITY FULL to have them in each change`,
      )
    this.#readAgain = 0
    return false
  }

  /** Begins to read what comes next, unless that goes on already. */
  #start(): void {
    if (this.#state === undefined || this.#paused || this.#working !== undefined || this.#reading !== undefined) return
    this.#working = this.#read(this.#state)
      .then(reading => {
        this.#reading = reading
      })
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#working = undefined
        this.#parts.attention()
      })
  }

  async #read(state: IncrementalState): Promise<Reading> {
    const { settings, builder, signal, log } = this.#parts
    if (this.#reader === undefined) {
      const connection = await this.#parts.connect()
      this.#reader = new ChunkReader(settings, builder, connection, signal, log)
      this.#watermarks = new Watermarks(settings, connection, signal, log)
    }
    const connection = this.#reader.connection
    this.#chunkId = randomUUID()
    const ended: { collection: Collection; status: TableEnd }[] = []
    let read: Reading['read']
    await this.#watermarks!.open(this.#chunkId)
    for (const [index, collection] of state.collections.entries()) {
      const { last, maximum } = index === 0 ? state : {}
      const found = await this.#table(collection, last, maximum)
      if (typeof found === 'string') ended.push({ collection, status: found })
      else {
        read = found
        break
      }
    }
    await this.#watermarks!.close(this.#chunkId)
    return { ended, read, fence: await currentLsn(connection, 'insert') }
  }

  async #table(
    collection: Collection,
    last: readonly JavaValue[] | undefined,
    maximum: readonly JavaValue[] | undefined,
  ): Promise<TableEnd | NonNullable<Reading['read']>> {
    const { settings, log, relations } = this.#parts
    const place = parseTable(collection.id)
    try {
      if (place === undefined) throw new TableRefused('UNKNOWN_SCHEMA', `${collection.id} is no name of a table`)
      const key = await this.#reader!.key(collection, place)
      const window = new Window(place, key, relations)
      this.#window = window
      this.#recent.mark()
      this.#parts.progress(`incremental snapshot: ${collection.id}`)
      const chunk = await this.#reader!.read(collection, place, last, maximum, this.#recent)
      window.narrow(chunk.identities)
      if (chunk.maximum === undefined) return 'EMPTY'
      return chunk.rows.length === 0 ? 'SUCCEEDED' : { collection, chunk, window }
    } catch (error) {
      if (error instanceof TableRefused) {
        log.warn(`Left out of the incremental snapshot: ${error.message}`)
        return error.status
      }
      if (!(error instanceof PgError) || isPassing(error)) throw error
      log.error(`Left out of the incremental snapshot: ${collection.id}: ${explain(error, settings)}`, { error })
      return 'SQL_EXCEPTION'
    }
  }
}
