import type { Settings } from '../settings/settings.ts'
import { PgConnection } from '../wire/pg-connection.ts'
import { ConnectionLost } from '../wire/pg-error.ts'

/** The connections of one task; all can be ended at once. */
export class Sessions {
  readonly #settings: Settings
  readonly #open = new Set<PgConnection>()
  #ended: Error | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async query(): Promise<PgConnection> {
    const connection = await this.#opened('query')
    const { initialStatements } = this.#settings
    if (initialStatements.trim() !== '') {
      await connection.query(initialStatements)
      await connection.resetTexts()
    }
    return connection
  }

  replication(): Promise<PgConnection> {
    return this.#opened('replication')
  }

  close(connection: PgConnection | undefined): void {
    if (connection === undefined) return
    this.#open.delete(connection)
    connection.close()
  }

  /** Whatever waits for the server fails now; no connection is opened any more. */
  end(except?: PgConnection): void {
    this.#ended = new ConnectionLost('The task was stopped')
    for (const connection of this.#open) if (connection !== except) connection.socket.destroy(this.#ended)
  }

  closeAll(): void {
    for (const connection of [...this.#open]) this.close(connection)
  }

  async #opened(purpose: 'query' | 'replication'): Promise<PgConnection> {
    if (this.#ended !== undefined) throw this.#ended
    const connection = await PgConnection.open(this.#settings.connect, purpose)
    if (this.#ended !== undefined) {
      connection.close()
      throw this.#ended
    }
    this.#open.add(connection)
    return connection
  }
}
