import { type Log, type OffsetMap, pause, type SourceRecord } from 'millrace'
import { Moment } from '../records/moment.ts'
import type { Settings } from '../settings/settings.ts'
import { standbyStatus } from '../wire/messages.ts'
import { identifier, type PgConnection } from '../wire/pg-connection.ts'
import { ConnectionLost, errorFields, PgError } from '../wire/pg-error.ts'
import { ACT, type Decoder, walLsn, walMessageHeader } from './decoder.ts'
import { lsnText, readLsn } from './lsn.ts'
import type { RelationMessage } from './messages.ts'
import type { SlotXmin } from './slot-xmin.ts'
import type { StreamWatch } from './stream-watch.ts'

/** A batch ends at this many bytes of messages, whatever max.batch.size says: memory is bounded. */
const batchBytes = 4 * 1024 * 1024
/** At most this much delay is put on a change, so that many share a read. */
const paceMs = 5
const confirmWithinMs = 200
const askAgainMs = 20
/** Without heartbeats the position is stored when this much was written past it, none of it ours, and not more often than this. */
const silentBytes = 1024 * 1024
const silentMs = 10_000
/** But this often where the server asks for an answer: it may be shutting down, and waits until all that it sent is confirmed. */
const pressedMs = 1000

const copyData = 0x64
const copyDone = 0x63
const errorResponse = 0x45
const xlogData = 0x77
const keepalive = 0x6b

export interface StreamParts {
  readonly settings: Settings
  readonly connection: PgConnection
  readonly decoder: Decoder
  /** The one that the decoder tells; undefined: none. */
  readonly watch?: StreamWatch | undefined
  readonly signal: AbortSignal
  readonly log: Log
  /** Sees to a batch before it is handed over; undefined: nothing is to be done. */
  readonly finish?: ((batch: SourceRecord[]) => Promise<void>) | undefined
  /** undefined: source.xmin is not asked for. */
  readonly xmin?: SlotXmin | undefined
  /** A table may have changed: its new form must be told to the decoder before this resolves. */
  relation(message: RelationMessage): Promise<void>
  /** A heartbeat that stores this position. */
  heartbeat(offset: OffsetMap): Promise<SourceRecord>
  /** A record that only stores this position. */
  silent(offset: OffsetMap): SourceRecord
}

/** The replication stream: messages in, batches of records out; tells the server how far it may forget. */
export class ReplicationStream {
  readonly #parts: StreamParts
  #received = 0
  /** Only ever what is durable (invariant 2), or nothing that concerns us lies before it. */
  #flushed = 0
  #status: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #heartbeatAt = 0
  #beatenAt = 0
  /** The server asked how far it is confirmed. */
  #pressed = false
  /** What was handed over last reaches at least so far. */
  #told = 0
  #asked: NodeJS.Timeout | undefined

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  /** Asks for changes from `lsn` on. Throws PgError 55006 when the slot is in use. */
  async start(lsn: number, flushed: number): Promise<void> {
    const { connection, settings, log } = this.#parts
    const { config, streamParams } = settings
    const options = new Map([
      ['proto_version', '1'],
      ['publication_names', identifier(config.publicationName)],
      ...(connection.serverVersion >= 140000 ? [['messages', 'true'] as const] : []),
      ...streamParams,
    ])
    const quoted = [...options]
      .map(([name, value]) => `${identifier(name)} '${value.replaceAll("'", "''")}'`)
      .join(', ')
    // A walsender that hears nothing for this long hangs up, be the socket paused or not.
    const timeout = await connection.value('SHOW wal_sender_timeout').then(milliseconds, () => 60_000)
    await connection.startCopy(
      `START_REPLICATION SLOT ${identifier(config.slotName)} LOGICAL ${lsnText(lsn)} (${quoted})`,
    )
    log.info('Streaming', { from: lsnText(lsn), slot: config.slotName, publication: config.publicationName })
    connection.socket.paceMs = paceMs
    if (this.#parts.watch !== undefined) this.#parts.watch.onAttention = () => connection.socket.interrupt()
    this.#received = lsn
    this.#flushed = flushed
    const every = timeout > 0 ? Math.min(config.statusUpdateIntervalMs, timeout / 3) : config.statusUpdateIntervalMs
    this.#status = setInterval(() => this.#tell(), Math.max(100, every))
    this.#told = lsn
    this.#heartbeatAt = performance.now() + this.#beatMs
  }

  /** This position is durable: the server may forget what lies before it. */
  confirm(lsn: number): void {
    if (lsn <= this.#flushed) return
    this.#flushed = lsn
    this.#received = Math.max(this.#received, lsn)
    // Every batch may bring a confirmation: they share a message.
    this.#soon ??= setTimeout(() => this.#tell(), confirmWithinMs)
  }

  /** Tells the last position that was confirmed. */
  stop(): void {
    if (this.#soon !== undefined) this.#tell()
    clearInterval(this.#status)
    clearTimeout(this.#asked)
    this.#status = undefined
  }

  /** Whether everything that was handed over is durable; set by the owner. */
  settled: () => boolean = () => false

  #tell(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    if (this.#status === undefined) return
    this.#parts.connection.socket.write(standbyStatus(this.#received, this.#flushed, Date.now()))
  }

  /** Batches of records until the signal aborts or the connection breaks. */
  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const { signal, connection, settings, finish, xmin } = this.#parts
    const { maxBatchSize, heartbeatIntervalMs } = settings.config
    const { socket } = connection
    let batch: SourceRecord[] = []
    let moment = new Moment()
    while (!signal.aborted) {
      if (xmin?.isDue) this.#parts.decoder.xmin = await xmin.read()
      const since = socket.arrived
      if (batch.length === 0) moment = new Moment()
      const stop = this.#decode(batch, maxBatchSize, moment)
      if (stop === ACT || (stop === undefined && this.#due() === 'now')) {
        // Their memory is not read into again: the record that waits is in it too.
        if (batch.length > 0) {
          await finish?.(batch)
          yield batch
        }
        batch = []
        yield* this.#parts.watch!.act(this.#parts.decoder.place)
        this.#parts.decoder.release(batch)
        continue
      }
      if (stop !== undefined) {
        await this.#parts.relation(stop)
        continue
      }
      if (batch.length === 0 && (heartbeatIntervalMs > 0 || this.#isQuiet())) await this.#beat(batch)
      if (batch.length > 0) {
        this.#told = this.#received
        // Heartbeats come in their rhythm; a silent position only when nothing has come for a while.
        if (heartbeatIntervalMs <= 0) this.#heartbeatAt = performance.now() + silentMs
        if (finish !== undefined) await finish(batch)
        yield batch
        moment.end()
        socket.recycle()
        batch = []
        continue
      }
      // Nothing is awaited between the question and the wait: a call of onAttention in between would be lost.
      const due = this.#due()
      if (due === 'now') continue
      if (due === 'ask') this.#ask()
      if (heartbeatIntervalMs > 0 || this.#isQuiet()) await this.#moreOrBeat(since)
      else await socket.more(since)
    }
  }

  #due(): 'now' | 'ask' | undefined {
    const { watch, decoder } = this.#parts
    return watch === undefined || decoder.inTransaction ? undefined : watch.due(this.#received)
  }

  /** The server answers at once with how far it is; asked again in a while, as the log may not be written so far yet. */
  #ask(): void {
    if (this.#asked !== undefined) return
    const { socket } = this.#parts.connection
    socket.write(standbyStatus(this.#received, this.#flushed, Date.now(), true))
    this.#asked = setTimeout(() => {
      this.#asked = undefined
      socket.interrupt()
    }, askAgainMs)
  }

  /** Something was written that is not ours: the server would keep it for nothing. */
  #isQuiet(): boolean {
    const { settings, decoder } = this.#parts
    const least = settings.flushMode === 'connector_and_driver' ? 1 : silentBytes
    const isBehind = this.#received - this.#told >= least || (this.#pressed && this.#received > this.#flushed)
    return isBehind && !decoder.inTransaction && this.settled()
  }

  get #beatMs(): number {
    const { heartbeatIntervalMs } = this.#parts.settings.config
    return heartbeatIntervalMs > 0 ? heartbeatIntervalMs : silentMs
  }

  async #moreOrBeat(since: number): Promise<void> {
    const { connection } = this.#parts
    const limit = new AbortController()
    const wait = Math.max(1, Math.min(this.#beatMs, this.#heartbeatAt - performance.now()))
    try {
      await Promise.race([connection.socket.more(since), pause(wait, limit.signal)])
    } finally {
      limit.abort()
    }
  }

  async #beat(batch: SourceRecord[]): Promise<void> {
    const { decoder, heartbeat, silent, settings } = this.#parts
    const now = performance.now()
    if (now < this.#heartbeatAt || decoder.inTransaction) return
    this.#heartbeatAt = now + this.#beatMs
    this.#beatenAt = now
    this.#pressed = false
    const position = decoder.idlePosition(this.#received)
    batch.push(settings.config.heartbeatIntervalMs > 0 ? await heartbeat(position) : silent(position))
  }

  /** Decodes what has arrived, until the batch is full or a table must be looked at. */
  #decode(batch: SourceRecord[], maxBatchSize: number, moment: Moment): RelationMessage | typeof ACT | undefined {
    const { decoder, connection } = this.#parts
    const { socket } = connection
    const { buf, end } = socket
    const begin = socket.start
    let { start } = socket
    try {
      while (end - start >= 5 && batch.length < maxBatchSize && start - begin < batchBytes) {
        const next = start + 1 + buf.readInt32BE(start + 1)
        if (next > end) return undefined
        const type = buf[start]
        const at = start + 5
        start = next
        if (type !== copyData) this.#other(type, buf, at, next)
        else if (buf[at] === xlogData) {
          const lsn = walLsn(buf, at)
          if (lsn > this.#received) this.#received = lsn
          const stop = decoder.decode(buf, at + walMessageHeader, next, lsn, moment, batch)
          if (stop !== undefined) return stop
        } else if (buf[at] === keepalive) this.#alive(buf, at)
      }
      return undefined
    } finally {
      socket.start = start
    }
  }

  #alive(buf: Buffer, at: number): void {
    const sent = readLsn(buf, at + 1)
    if (sent > this.#received) this.#received = sent
    if (buf[at + 17] !== 1) return
    this.#tell()
    const { config, flushMode } = this.#parts.settings
    if (config.heartbeatIntervalMs > 0 || flushMode === 'manual') return
    this.#pressed = true
    this.#heartbeatAt = Math.min(this.#heartbeatAt, Math.max(performance.now(), this.#beatenAt + pressedMs))
  }

  #other(type: number | undefined, buf: Buffer, at: number, end: number): void {
    if (type === errorResponse) throw new PgError(errorFields(buf, at, end))
    if (type === copyDone)
      throw new ConnectionLost('The server ended the stream: it shuts down, or the slot was dropped')
  }
}

/** `60s`, `1min`, `0` as SHOW prints them. */
const milliseconds = (text: string | null): number => {
  const [, number = '60', unit = ''] = /^(\d+)\s*(\w*)$/.exec(text ?? '') ?? []
  const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }
  return Number(number) * (factors[unit] ?? 1)
}
