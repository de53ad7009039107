import { type Log, pause } from 'millrace'
import { lsnText } from '../replication/lsn.ts'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { currentLsn } from './current-lsn.ts'
import { findSlot } from './slot.ts'

const everyMs = 10_000
const megabyte = 1024 * 1024

export interface GuardParts {
  readonly settings: Settings
  readonly log: Log
  readonly signal: AbortSignal
  /** Opens a connection of its own: the others may wait for something. */
  connect(): Promise<PgConnection>
  close(connection: PgConnection): void
  gauge(name: string, value: number): void
}

/**
 * Watches how much of its log the server keeps for the slot: told as metrics, and as a warning that says what helps. And that the publication is
 * there: without it the server sends no changes, and from version 18 on says nothing of it.
 */
export class SlotGuard {
  readonly #parts: GuardParts
  /** Bytes at which the next warning is due. */
  #warnAt: number
  #isPublished = true

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#warnAt = this.#threshold
  }

  get #threshold(): number {
    const megabytes = this.#parts.settings.config.slotRetainedWarnMb
    return megabytes === 0 ? Number.POSITIVE_INFINITY : megabytes * megabyte
  }

  /** Looks again and again until the signal aborts; never fails: the stream itself says when the server is gone. */
  async run(): Promise<void> {
    const { signal, log } = this.#parts
    let connection: PgConnection | undefined
    while (!signal.aborted) {
      try {
        connection ??= await this.#parts.connect()
        await this.look(connection)
      } catch (error) {
        if (signal.aborted) return
        if (connection !== undefined) this.#parts.close(connection)
        connection = undefined
        log.warn('The replication slot could not be looked at; what it keeps is not known until the next try', {
          error,
        })
      }
      await pause(everyMs, signal).catch(() => {})
    }
  }

  async look(connection: PgConnection): Promise<void> {
    await this.#lookAtPublication(connection)
    const { settings, gauge, log } = this.#parts
    const slot = await findSlot(connection, settings.config.slotName)
    // Gone or lost: the stream ends, and its next start says so.
    if (slot?.restart === undefined) return
    const now = await currentLsn(connection)
    const retained = Math.max(0, now - slot.restart)
    const behind = Math.max(0, now - (slot.confirmed ?? slot.restart))
    gauge('postgres_slot_retained_bytes', retained)
    gauge('postgres_slot_lag_bytes', behind)
    if (slot.safe !== undefined) gauge('postgres_slot_safe_bytes', slot.safe)
    if (retained < this.#threshold) this.#warnAt = this.#threshold
    if (retained < this.#warnAt) return
    this.#warnAt = retained * 2
    const limit =
      slot.safe === undefined
        ? 'its disk may fill (max_slot_wal_keep_size sets a limit, beyond which the slot is lost)'
        : `after ${inMegabytes(slot.safe)} more the slot is lost (max_slot_wal_keep_size)`
    log.warn(
      `The server keeps ${inMegabytes(retained)} of its write-ahead log, from ${lsnText(slot.restart)} on, for the replication slot ${settings.config.slotName}: ${limit}. ${await this.#remedy(connection, retained, behind)}`,
    )
  }

  async #lookAtPublication(connection: PgConnection): Promise<void> {
    const { settings, log } = this.#parts
    const { publicationName: name } = settings.config
    const was = this.#isPublished
    this.#isPublished =
      (await connection.value(`select 1 from pg_publication where pubname = ${literal(name)}`)) !== null
    if (!was || this.#isPublished) return
    const remedy =
      settings.publicationMode === 'disabled'
        ? `CREATE PUBLICATION ${identifier(name)} FOR TABLE ...`
        : 'restart the connector, which makes it anew'
    log.error(
      `The publication ${name} does not exist any more: the server sends no changes, and those of this time are lost. ${remedy}; then read the tables again with an incremental snapshot`,
    )
  }

  async #remedy(connection: PgConnection, retained: number, behind: number): Promise<string> {
    const { flushMode, config } = this.#parts.settings
    if (behind < retained / 2) {
      const { rows } = await connection.query(
        'select pid, xact_start from pg_stat_activity where backend_xid is not null order by xact_start limit 1',
      )
      const [pid, since] = rows[0] ?? []
      if (pid === undefined || pid === null)
        return 'What is older than the stored position is released with the next checkpoint: CHECKPOINT'
      return `A transaction that is open since ${since} holds it: end it, or SELECT pg_terminate_backend(${pid})`
    }
    if (flushMode === 'manual')
      return `lsn.flush.mode=manual leaves it to you: SELECT pg_replication_slot_advance(${literal(config.slotName)}, LSN)`
    return `${inMegabytes(behind)} are not confirmed by this connector: see whether it is paused or Kafka takes its records slowly; if it is not needed any more, delete it and SELECT pg_drop_replication_slot(${literal(config.slotName)})`
  }
}

const inMegabytes = (bytes: number): string => `${Math.round(bytes / megabyte)} MB`
