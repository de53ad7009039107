import { type Log, pause } from 'millrace'
import { explain } from '../failures.ts'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'

/** Rows in the table of signals around the reading of a chunk. Where they cannot be written, positions in the log do. */
export class Watermarks {
  readonly #settings: Settings
  readonly #connection: PgConnection
  readonly #signal: AbortSignal
  readonly #log: Log
  #inUse: boolean
  /** With read.only nothing is written, not even to the log. */
  #flushes: boolean
  #opened = ''

  constructor(settings: Settings, connection: PgConnection, signal: AbortSignal, log: Log) {
    this.#settings = settings
    this.#connection = connection
    this.#signal = signal
    this.#log = log
    this.#inUse = settings.signals.watermarks !== 'none'
    this.#flushes = !settings.signals.readOnly
  }

  /** Whether the end of the chunk is to be seen in the table. */
  get inUse(): boolean {
    return this.#inUse
  }

  /** From now on chunks are fenced by positions in the log. */
  giveUp(why: string): void {
    this.#inUse = false
    this.#log.warn(
      `Watermarks in signal.data.collection do not work: ${why}. Chunks are fenced by positions in the log; set read.only=true if that is meant`,
    )
  }

  async open(chunk: string): Promise<void> {
    this.#opened = new Date().toISOString()
    await this.#write(() => this.#insert(chunk, 'open', { openWindowTimestamp: this.#opened }))
  }

  async close(chunk: string): Promise<void> {
    if (!this.#inUse) return this.#flush()
    await this.#write(() =>
      this.#settings.signals.watermarks === 'insert_delete'
        ? `delete from ${this.#table()} where id = ${literal(`${chunk}-open`)}`
        : this.#insert(chunk, 'close', {
            openWindowTimestamp: this.#opened,
            closeWindowTimestamp: new Date().toISOString(),
          }),
    )
  }

  /**
   * Reading writes to the log too (pruned rows, hints), but the server writes that out, and sends it, only for somebody who commits: in
   * a quiet database the place behind a chunk would not be reached for seconds. A transaction of ours that has an id is enough.
   */
  async #flush(): Promise<void> {
    if (!this.#flushes) return
    try {
      await this.#connection.query('select case when pg_is_in_recovery() then null else txid_current() end')
    } catch (error) {
      if (!(error instanceof PgError) || error.severity !== 'ERROR') throw error
      this.#flushes = false
      this.#log.info(`The log is not written out behind each chunk: ${explain(error, this.#settings)}`)
    }
  }

  #table(): string {
    const { schema, name } = this.#settings.signals.table!
    return `${identifier(schema)}.${identifier(name)}`
  }

  #insert(chunk: string, what: 'open' | 'close', data: Readonly<Record<string, string>>): string {
    // The blanks are Debezium's.
    const members = Object.entries(data).map(([name, at]) => `"${name}": "${at}"`)
    const values = [`${chunk}-${what}`, `snapshot-window-${what}`, `{${members.join(', ')}}`].map(literal).join(', ')
    return `insert into ${this.#table()} values (${values})`
  }

  async #write(statement: () => string): Promise<void> {
    if (!this.#inUse) return
    const { retries, retryDelayMs } = this.#settings.signals
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#connection.query(statement())
        return
      } catch (error) {
        if (!(error instanceof PgError) || error.severity !== 'ERROR') throw error
        if (attempt > retries) {
          this.giveUp(explain(error, this.#settings))
          return
        }
        await pause(retryDelayMs, this.#signal)
      }
    }
  }
}
