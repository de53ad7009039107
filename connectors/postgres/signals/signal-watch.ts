import type { Log, OffsetMap, SourceContext, SourceRecord } from 'millrace'
import { type IncrementalParts, IncrementalSnapshot } from '../incremental/incremental-snapshot.ts'
import { tupleTexts } from '../incremental/row-identity.ts'
import { type Collection, readState } from '../incremental/state.ts'
import { Relations } from '../incremental/window.ts'
import type { CapturedTable } from '../records/captured-table.ts'
import type { Operation } from '../records/change-record.ts'
import type { StreamPlace } from '../records/snapshot-record.ts'
import type { RelationMessage } from '../replication/messages.ts'
import type { StreamWatch } from '../replication/stream-watch.ts'
import { exactName } from '../settings/patterns.ts'
import { type Arrived, Channels } from './channels.ts'
import { type Action, actionOf, type Signal, type SnapshotRequest } from './signal.ts'

export interface SignalParts extends Omit<IncrementalParts, 'attention' | 'relations'> {
  /** The position that the stream starts at. */
  readonly offset: OffsetMap
  readonly followTopic: SourceContext['followTopic']
  /** `schema.table` of all captured tables. */
  tables(): Promise<readonly string[]>
  /** Reads these tables while the stream waits. */
  blocking(tables: readonly Collection[], id: string, place: StreamPlace): AsyncGenerator<readonly SourceRecord[]>
}

/** The columns of the table of signals, whatever their names are. */
const signalPlaces = [0, 1, 2]

/** Takes signals from the stream and from a file, and does what they ask for. */
export class SignalWatch implements StreamWatch {
  onAttention: () => void = () => {}
  readonly #parts: SignalParts
  readonly #log: Log
  readonly #relations = new Relations()
  readonly #snapshot: IncrementalSnapshot
  readonly #channels: Channels
  /** Carried out, but maybe not for good: what was done is not stored yet. */
  #carriedOut: Arrived[] = []
  #queue: Signal[] = []
  /** A chunk's close row was met. */
  #entering = false

  constructor(parts: SignalParts) {
    this.#parts = parts
    this.#log = parts.log
    const { settings } = parts
    const { state, problem } = readState(parts.offset)
    if (problem !== undefined)
      this.#log.warn(`The snapshot of ${state?.collections[0]?.id} begins again: its stored keys cannot be read here`, {
        problem,
      })
    this.#snapshot = new IncrementalSnapshot(
      { ...parts, relations: this.#relations, attention: () => this.onAttention() },
      state,
    )
    if (settings.signals.unknownChannels.length > 0)
      this.#log.warn('These channels of signals or notifications are not known here and do nothing', {
        channels: settings.signals.unknownChannels,
      })
    const { followTopic } = parts
    this.#channels = new Channels({ settings, log: this.#log, followTopic, attention: () => this.onAttention() })
  }

  get members(): OffsetMap | undefined {
    return this.#snapshot.members
  }

  began(xid: number): void {
    this.#snapshot.began(xid)
  }

  relation(message: RelationMessage): void {
    this.#relations.learn(message)
    this.#snapshot.window?.learned(message)
  }

  changed(op: Operation, table: CapturedTable, buf: Buffer, oldAt: number, newAt: number): boolean {
    const { settings } = this.#parts
    if (settings.signals.fromTable && settings.filters.isSignals(table.schema, table.name))
      return this.#row(op, buf, op === 'd' ? oldAt : newAt)
    // What has no record does not make rows of a chunk old.
    if (!settings.skipped.has(op)) this.#snapshot.window?.changed(op, table, buf, oldAt, newAt)
    return false
  }

  due(received: number): 'now' | 'ask' | undefined {
    if (!this.#channels.isEmpty) return 'now'
    return this.#snapshot.due(received)
  }

  /** This offset is durable. */
  committed(offset: OffsetMap): void {
    if (this.#carriedOut.length === 0) return
    const running = readState(offset).state?.correlationId
    const done = this.#carriedOut.filter(({ signal }) => this.members === undefined || running === signal.id)
    this.#carriedOut = this.#carriedOut.filter(arrived => !done.includes(arrived))
    for (const arrived of done) this.#channels.handled(arrived)
  }

  async *act(place: StreamPlace): AsyncGenerator<readonly SourceRecord[]> {
    const signals = this.#queue
    this.#queue = []
    const arrived = this.#channels.take()
    // Without signals it was the place of a chunk that has come.
    const entering = this.#entering || signals.length + arrived.length === 0
    this.#entering = false
    if (entering) yield* this.#snapshot.enter(place)
    for (const signal of signals) yield* this.#carryOut(signal, actionOf(signal), place)
    for (const each of arrived) {
      yield* this.#carryOut(each.signal, actionOf(each.signal), place)
      if (each.message !== undefined) this.#carriedOut.push(each)
    }
  }

  close(): void {
    this.#channels.close()
  }

  /** A row of the table of signals; whether it is one to act on. */
  #row(op: Operation, buf: Buffer, at: number): boolean {
    const { watermarks } = this.#parts.settings.signals
    if (op !== 'c' && !(op === 'd' && watermarks === 'insert_delete')) return false
    const [id, type, data] = tupleTexts(buf, at, signalPlaces)
    if (typeof id !== 'string') return false
    if (op === 'd') {
      if (!this.#snapshot.isCurrent(id.replace(/-open$/, ''))) return false
      this.#entering = true
      return true
    }
    if (typeof type !== 'string') {
      this.#log.warn('A row of signal.data.collection has no type', { id })
      return false
    }
    const action = actionOf({ id, type, data: data ?? '' })
    if (action.do === 'open') return false
    if (action.do === 'close') {
      // Another one is of a reading that was given up.
      if (!this.#snapshot.isCurrent(action.chunk)) return false
      this.#entering = true
      return true
    }
    this.#queue.push({ id, type, data: data ?? '' })
    return true
  }

  async *#carryOut(signal: Signal, action: Action, place: StreamPlace): AsyncGenerator<readonly SourceRecord[]> {
    const told = await this.#do(signal, action, place)
    if (told.length > 0) yield told
    if (action.do !== 'blocking') return
    const tables = await this.#collections(action.request)
    this.#log.info('A blocking snapshot is asked for', { signal: signal.id, tables: tables.map(({ id }) => id) })
    yield* this.#parts.blocking(tables, signal.id, place)
  }

  async #do(signal: Signal, action: Action, place: StreamPlace): Promise<readonly SourceRecord[]> {
    switch (action.do) {
      case 'incremental': {
        const collections = await this.#collections(action.request)
        this.#log.info('An incremental snapshot is asked for', {
          signal: signal.id,
          tables: collections.map(({ id }) => id),
        })
        return this.#snapshot.add(collections, signal.id, place)
      }
      case 'stop': {
        const patterns = action.collections?.map(exactName)
        return this.#snapshot.stop(patterns && (id => patterns.some(pattern => pattern.test(id))), place)
      }
      case 'pause':
        return this.#snapshot.pause(place)
      case 'resume':
        return this.#snapshot.resume(place)
      case 'log':
        this.#log.info(action.message.replaceAll('{}', JSON.stringify(place.offset)), { signal: signal.id })
        return []
      case 'nothing':
        this.#log.warn(`Signal left out: ${action.why}`, { signal: signal.id, type: signal.type })
        return []
      default:
        return []
    }
  }

  /** The captured tables that the patterns match; a pattern that matches none is taken as a name. */
  async #collections({ collections, conditions, surrogateKey }: SnapshotRequest): Promise<readonly Collection[]> {
    const tables = await this.#parts.tables()
    const ids = collections.flatMap(pattern => {
      const matching = tables.filter(id => exactName(pattern).test(id))
      return matching.length === 0 ? [pattern] : matching
    })
    return [...new Set(ids)].map(id => ({
      id,
      condition: conditions.find(({ collection }) => collection.test(id))?.filter,
      surrogateKey,
    }))
  }
}
