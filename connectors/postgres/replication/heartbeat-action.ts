import type { Log } from 'millrace'
import { explain } from '../failures.ts'
import type { Settings } from '../settings/settings.ts'
import type { PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'

/** Runs heartbeat.action.query. A query that the server does not accept stops no stream, as with Debezium: it is told of. */
export class HeartbeatAction {
  readonly #settings: Settings
  readonly #log: Log
  /** What was told last: one that goes on is told once. */
  #told: string | undefined

  constructor(settings: Settings, log: Log) {
    this.#settings = settings
    this.#log = log
  }

  async run(connection: PgConnection): Promise<void> {
    const query = this.#settings.config.heartbeatActionQuery
    if (query === undefined) return
    try {
      await connection.query(query)
      this.#told = undefined
    } catch (error) {
      if (!(error instanceof PgError) || error.severity !== 'ERROR') throw error
      const problem = explain(error, this.#settings)
      if (problem !== this.#told)
        this.#log.error(`heartbeat.action.query failed; heartbeats go on without it: ${problem}`)
      this.#told = problem
    }
  }
}
