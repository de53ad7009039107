import { ConnectError, type Header, type OffsetMap, pause, type SourceContext, type SourceRecord } from 'millrace'
import { captureAdvice } from './capture/advice.ts'
import { Catalog, type ListedTable } from './capture/catalog.ts'
import { currentLsn } from './capture/current-lsn.ts'
import { preparePublication, setReplicaIdentities } from './capture/publication.ts'
import { resumedOffset } from './capture/resumed-snapshot.ts'
import { checkServer } from './capture/server-check.ts'
import { Sessions } from './capture/sessions.ts'
import { createSlot, findSlot } from './capture/slot.ts'
import { SlotGuard } from './capture/slot-guard.ts'
import { Snapshot, type SnapshotParts } from './capture/snapshot.ts'
import { trustedOffset } from './capture/stored-position.ts'
import { TableBuilder } from './capture/table-builder.ts'
import { usableSlot } from './capture/usable-slot.ts'
import { failure } from './failures.ts'
import { sameState } from './incremental/state.ts'
import { Notifier } from './notifications/notifier.ts'
import { SnapshotNews } from './notifications/snapshot-news.ts'
import { contextHeaders } from './records/context-headers.ts'
import { heartbeatRecord, silentRecord } from './records/message-record.ts'
import { pointOffset, type SnapshotPoint } from './records/snapshot-record.ts'
import { SourceHead } from './records/source-block.ts'
import { Decoder } from './replication/decoder.ts'
import { finisher } from './replication/finisher.ts'
import { HeartbeatAction } from './replication/heartbeat-action.ts'
import { ReplicationStream } from './replication/replication-stream.ts'
import { SlotXmin } from './replication/slot-xmin.ts'
import { isUnfinishedSnapshot, startPosition } from './replication/start-position.ts'
import { TableLearner } from './replication/table-learner.ts'
import type { Settings } from './settings/settings.ts'
import { blockingSnapshot } from './signals/blocking-snapshot.ts'
import { SignalWatch } from './signals/signal-watch.ts'
import { inspectSignalTable } from './signals/validate-signals.ts'
import { identifier, type PgConnection } from './wire/pg-connection.ts'
import { ConnectionLost, PgError } from './wire/pg-error.ts'

/** The one task of the connector: snapshot first, when there is to be one, then the stream. */
export class PostgresTask {
  readonly #settings: Settings
  readonly #context: SourceContext
  readonly #partition: OffsetMap
  readonly #headers: readonly Header[]
  readonly #head: SourceHead
  readonly #builder: TableBuilder
  readonly #notifier: Notifier
  readonly #learner: TableLearner
  #watch: SignalWatch | undefined
  #sessions: Sessions
  #stream: ReplicationStream | undefined
  #streamConnection: PgConnection | undefined
  /** The offset after what was handed over last: where `read` goes on after a failure, stored or not. */
  #position: OffsetMap | undefined
  #last: SourceRecord | undefined
  /** A snapshot was completed by this task: `always` means once per start. */
  #snapshotDone = false
  #confirmed = 0
  #attempt = 0

  constructor(settings: Settings, context: SourceContext) {
    this.#settings = settings
    this.#context = context
    this.#partition = Object.freeze({ server: settings.prefix })
    this.#headers = contextHeaders(settings, context.task)
    this.#head = new SourceHead(settings.prefix, settings.connect.database)
    this.#builder = new TableBuilder(settings, this.#head)
    this.#learner = new TableLearner(settings, this.#builder)
    this.#notifier = new Notifier(settings, context.log, this.#partition)
    this.#sessions = new Sessions(settings)
    context.signal.addEventListener('abort', () => this.#interrupt(), { once: true })
  }

  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const { signal } = this.#context
    try {
      this.#sessions = new Sessions(this.#settings)
      for await (const batch of this.#batches()) {
        this.#attempt = 0
        yield batch
      }
    } catch (error) {
      if (signal.aborted) return
      this.#closeAll()
      throw failure(error, this.#settings, ++this.#attempt)
    } finally {
      this.#context.progress(undefined)
    }
  }

  /** Invariant 2: only what is stored moves the slot. */
  committed(offsets: readonly { readonly partition: OffsetMap; readonly offset: OffsetMap }[]): void {
    const ours = offsets.filter(({ partition }) => partition['server'] === this.#settings.prefix)
    const offset = ours.at(-1)?.offset
    if (offset === undefined) return
    this.#watch?.committed(offset)
    if (this.#last !== undefined && sameOffset(offset, this.#last.sourceOffset)) this.#last = undefined
    if (this.#settings.flushMode === 'manual') return
    const lsn = Number(offset['lsn_commit'] ?? offset['lsn_proc'] ?? 0)
    if (lsn <= this.#confirmed) return
    this.#confirmed = lsn
    this.#stream?.confirm(lsn)
  }

  async close(): Promise<void> {
    this.#closeAll()
    if (!this.#settings.config.slotDropOnStop) return
    const sessions = new Sessions(this.#settings)
    try {
      const connection = await sessions.replication()
      await connection.query(`DROP_REPLICATION_SLOT ${identifier(this.#settings.config.slotName)} WAIT`)
    } catch (error) {
      if (!(error instanceof PgError && error.code === '42704'))
        this.#context.log.warn('The replication slot could not be dropped; drop it by hand', { error })
    } finally {
      sessions.closeAll()
    }
  }

  /** The stream's connection stays: the last commit still has to be told. */
  #interrupt(): void {
    this.#sessions.end(this.#streamConnection)
    this.#streamConnection?.socket.interrupt()
  }

  #closeAll(): void {
    this.#stream?.stop()
    this.#watch?.close()
    this.#watch = undefined
    this.#stream = undefined
    this.#streamConnection = undefined
    this.#sessions.end()
    this.#sessions.closeAll()
  }

  async *#batches(): AsyncGenerator<readonly SourceRecord[]> {
    const { log, signal } = this.#context
    const { config, snapshotMode } = this.#settings
    if (snapshotMode === 'nothing') {
      log.warn('snapshot.mode=configuration_based asks for neither rows nor changes: there is nothing to do')
      return
    }
    const admin = await this.#sessions.query()
    await checkServer(admin, this.#settings)
    if (admin.parameter('server_encoding') === 'SQL_ASCII')
      log.warn(
        'The database has encoding SQL_ASCII: text that is not UTF-8 cannot be shown right; convert the database to UTF8',
      )
    const catalog = new Catalog(admin)
    const captured = (await catalog.tables()).filter(table => this.#settings.filters.table(table.schema, table.name))
    this.#checkGuardrail(captured.length)
    const streams = snapshotMode !== 'initial_only'
    const stored = this.#position ?? (await this.#context.offsets([this.#partition]))[0]
    let slot = streams ? await usableSlot(admin, this.#settings, log) : undefined
    // With snapshot.mode=always a start needs no offset; its retries do.
    const starts = snapshotMode === 'always' && !this.#snapshotDone
    let offset = starts
      ? undefined
      : await trustedOffset(stored, slot, {
          settings: this.#settings,
          connector: this.#context.connector,
          log,
          admin,
        })
    if (offset !== undefined && isUnfinishedSnapshot(offset))
      offset =
        streams && snapshotMode !== 'no_data'
          ? await resumedOffset(offset, { settings: this.#settings, admin, slot, log })
          : undefined
    if (offset !== undefined && !streams) {
      log.info('The snapshot was completed before; snapshot.mode=initial_only has nothing more to do')
      yield* this.#skipped(offset)
      return
    }
    if (streams) {
      await setReplicaIdentities(admin, this.#settings, captured, log)
      await preparePublication(admin, this.#settings, captured, log)
      for (const message of await captureAdvice(admin, this.#settings, captured)) log.warn(message)
    }
    const reads = snapshotMode === 'when_lost' ? stored !== undefined : snapshotMode !== 'no_data'
    const snapshot = offset === undefined && reads
    if (snapshot) {
      if (config.snapshotDelayMs > 0) await pause(config.snapshotDelayMs, signal)
      const point = yield* this.#snapshot(admin, captured, streams && slot === undefined, streams)
      slot ??= streams ? await findSlot(admin, config.slotName) : undefined
      offset = pointOffset(point, true)
    } else if (slot === undefined && streams) {
      const replication = await this.#sessions.replication()
      const { consistentPoint } = await this.#newSlot(replication, false)
      this.#sessions.close(replication)
      offset ??= { lsn: consistentPoint }
    }
    if (!streams) return
    offset ??= { lsn: slot?.confirmed ?? (await currentLsn(admin)) }
    if (!snapshot && this.#position === undefined) yield* this.#skipped(offset)
    this.#position = offset
    if (config.streamingDelayMs > 0) await pause(config.streamingDelayMs, signal)
    yield* this.#changes(catalog, admin, offset)
  }

  #checkGuardrail(tables: number): void {
    const { guardrailCollectionsMax: most, guardrailCollectionsLimitAction: action } = this.#settings.config
    if (most === 0 || tables <= most) return
    const what = `Guardrail limit exceeded: ${tables} tables/collections configured for capture, but maximum allowed is ${most}.`
    if (action.toLowerCase() === 'fail') throw new ConnectError(what)
    this.#context.log.warn(`${what} Capture fewer with table.include.list, or raise guardrail.collections.max`)
  }

  #newSlot(replication: PgConnection, temporary: boolean) {
    const { slotName, slotFailover } = this.#settings.config
    const name = temporary ? `${slotName.slice(0, 40)}_snapshot_${process.pid}_${Date.now() % 100000}` : slotName
    this.#context.log.info(temporary ? 'Finding the instant of the snapshot' : 'Creating the replication slot', {
      name,
    })
    return createSlot(replication, name, {
      temporary,
      failover: slotFailover && !temporary && replication.serverVersion >= 170000,
    })
  }

  /**
   * All rows as of one instant, which a slot fixes: transactions committed before it are in the snapshot, all others are
   * streamed. An existing slot fixes none, so a temporary one does.
   */
  async *#snapshot(
    admin: PgConnection,
    captured: readonly ListedTable[],
    createPermanent: boolean,
    streams: boolean,
  ): AsyncGenerator<readonly SourceRecord[], SnapshotPoint> {
    const connection = await this.#sessions.query()
    const replication = streams ? await this.#sessions.replication() : undefined
    const exported = replication === undefined ? undefined : await this.#newSlot(replication, !createPermanent)
    const lsn = exported?.consistentPoint ?? (await currentLsn(admin))
    const txId = await admin.value('select case when pg_is_in_recovery() then 0 else txid_current() end')
    const point: SnapshotPoint = { lsn, txId: Number(txId), tsMicros: Date.now() * 1000 }
    const parts = this.#snapshotParts(captured)
    const started = parts.news?.started(pointOffset(point, false)) ?? []
    if (started.length > 0) yield started
    const snapshot = new Snapshot({ ...parts, sessions: this.#sessions }, connection, point)
    await snapshot.begin(exported?.snapshot)
    this.#sessions.close(replication)
    for await (const batch of snapshot.read()) {
      this.#last = batch.at(-1)
      yield batch
    }
    this.#sessions.close(connection)
    this.#snapshotDone = true
    this.#position = pointOffset(point, true)
    const completed = parts.news?.completed(this.#position) ?? []
    if (completed.length > 0) yield completed
    return point
  }

  /** Tells that a start took no snapshot. */
  *#skipped(offset: OffsetMap): Generator<readonly SourceRecord[]> {
    const told = new SnapshotNews(this.#notifier, []).skipped(offset)
    if (told.length > 0) yield told
  }

  #snapshotParts(captured: readonly ListedTable[]): SnapshotParts {
    const { filters } = this.#settings
    const place = ({ schema, name }: ListedTable) => {
      const found = filters.place(schema, name)
      return found < 0 ? Number.POSITIVE_INFINITY : found
    }
    const names = captured.toSorted((a, b) => place(a) - place(b) || 0).map(({ schema, name }) => `${schema}.${name}`)
    return {
      settings: this.#settings,
      builder: this.#builder,
      partition: this.#partition,
      headers: this.#headers,
      log: this.#context.log,
      progress: text => this.#context.progress(text),
      gauge: (name, value) => this.#context.gauge?.(name, value),
      news: new SnapshotNews(this.#notifier, names),
    }
  }

  /** undefined: nothing can be asked for while the stream runs. */
  #newWatch(catalog: Catalog, offset: OffsetMap): SignalWatch | undefined {
    const { signals, filters } = this.#settings
    const isRunning = offset['incremental_snapshot_collections'] !== undefined
    if (signals.table === undefined && !signals.file && !signals.kafka && !isRunning) return undefined
    const captured = async () => (await catalog.tables()).filter(table => filters.table(table.schema, table.name))
    const task = this
    return new SignalWatch({
      ...this.#snapshotParts([]),
      signal: this.#context.signal,
      followTopic: this.#context.followTopic,
      notifier: this.#notifier,
      offset,
      connect: () => this.#sessions.query(),
      tables: async () => (await captured()).map(({ schema, name }) => `${schema}.${name}`),
      async *blocking(tables, _, place) {
        const connection = await task.#sessions.query()
        const ids = new Set(tables.map(({ id }) => id))
        const asked = (await captured()).filter(({ schema, name }) => ids.has(`${schema}.${name}`))
        yield* blockingSnapshot(task.#snapshotParts(asked), connection, tables, place)
        task.#sessions.close(connection)
      },
    })
  }

  async *#changes(catalog: Catalog, admin: PgConnection, offset: OffsetMap): AsyncGenerator<readonly SourceRecord[]> {
    const { config } = this.#settings
    const { log, signal } = this.#context
    const start = startPosition(offset)
    for (const message of (await inspectSignalTable(admin, this.#settings)).warnings) log.warn(message)
    const watch = this.#newWatch(catalog, offset)
    this.#watch = watch
    const decoder = new Decoder(this.#settings, this.#head, this.#partition, this.#headers, start, watch)
    const connection = await this.#sessions.replication()
    const sessions = this.#sessions
    let own: Promise<PgConnection> | undefined
    // Of its own: signals and incremental snapshots use the others.
    const asked = () => (own ??= sessions.query())
    const xminEvery = config.xminFetchIntervalMs
    const action = new HeartbeatAction(this.#settings, log)
    const stream = new ReplicationStream({
      settings: this.#settings,
      connection,
      decoder,
      watch,
      signal,
      log,
      finish: finisher(this.#settings, log, asked),
      xmin: xminEvery > 0 ? new SlotXmin(config.slotName, xminEvery, asked) : undefined,
      relation: message => this.#learner.learn(message, catalog, decoder),
      heartbeat: async position => {
        await action.run(admin)
        const topic = `${config.heartbeatTopicsPrefix}.${this.#settings.prefix}`
        return heartbeatRecord(topic, this.#settings.prefix, this.#partition, position, Date.now())
      },
      silent: position => silentRecord(this.#partition, position),
    })
    stream.settled = () => this.#last === undefined
    await this.#startStream(stream, start.processed)
    this.#stream = stream
    this.#streamConnection = connection
    const over = new AbortController()
    void this.#guard(AbortSignal.any([signal, over.signal])).run()
    try {
      for await (const batch of stream.read()) {
        const last = batch.at(-1)!
        this.#last = last
        this.#position = last.sourceOffset
        yield batch
      }
    } finally {
      over.abort()
    }
  }

  #guard(signal: AbortSignal): SlotGuard {
    const sessions = this.#sessions
    return new SlotGuard({
      settings: this.#settings,
      log: this.#context.log,
      signal,
      connect: () => sessions.query(),
      close: connection => sessions.close(connection),
      gauge: (name, value) => this.#context.gauge?.(name, value),
    })
  }

  /** The slot may still be held by a connection of ours that the server has not noticed to be gone. */
  async #startStream(stream: ReplicationStream, lsn: number): Promise<void> {
    const { slotMaxRetries, slotRetryDelayMs } = this.#settings.config
    const { signal, log } = this.#context
    for (let attempt = 0; ; attempt++) {
      try {
        return await stream.start(lsn, this.#confirmed)
      } catch (error) {
        // Dropped since it was looked at: the next start says what is missing.
        if (error instanceof PgError && error.code === '42704')
          throw new ConnectionLost(`the replication slot went away: ${error.text}`, { cause: error })
        const busy = error instanceof PgError && error.code === '55006'
        if (!busy || signal.aborted) throw error
        if (attempt >= slotMaxRetries)
          throw new ConnectError(failure(error, this.#settings, 0).message, { cause: error })
        this.#context.progress(`waiting for the replication slot: ${error.text}`)
        log.warn('The replication slot is in use; trying again', { attempt: attempt + 1, error })
        await pause(slotRetryDelayMs, signal)
      }
    }
  }
}

const sameOffset = (a: OffsetMap, b: OffsetMap): boolean =>
  a['lsn'] === b['lsn'] &&
  a['lsn_proc'] === b['lsn_proc'] &&
  a['messageType'] === b['messageType'] &&
  a['lsn_events_processed'] === b['lsn_events_processed'] &&
  sameState(a, b)
