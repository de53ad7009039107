import { ConnectError, isConfigError, isDataError, isRetriable, RetriableError } from 'millrace'
import type { Settings } from './settings/settings.ts'
import { ConnectionLost, PgError } from './wire/pg-error.ts'

/** What gives queries, but no stream of changes. */
export const throughPooler =
  'a connection pooler (PgBouncer or the like) stands in between, which does not carry replication: set database.hostname and database.port to the server itself'

/** What helps, by SQLSTATE. */
const remedies: Readonly<Record<string, (settings: Settings, error: PgError) => string>> = {
  '28P01': () => 'check database.user and database.password',
  '28000': ({ connect }, { text }) => {
    if (!/pg_hba/.test(text)) return 'see that the role may log in (ALTER ROLE ... LOGIN), and how (pg_hba.conf)'
    const line = `host ${connect.database} ${connect.user} ADDRESS scram-sha-256`
    const tls = /no encryption|SSL off/.test(text) ? 'set database.sslmode=require if the server wants TLS, or ' : ''
    return `${tls}add to pg_hba.conf: ${line}, and run SELECT pg_reload_conf()`
  },
  '08P01': (_, { text }) =>
    /startup parameter/.test(text) ? throughPooler : 'see that the port is that of PostgreSQL',
  '3D000': () => 'check database.dbname',
  '42501': (_, error) =>
    /wal sender|replication/i.test(`${error.text} ${error.detail ?? ''}`)
      ? 'give the user the REPLICATION attribute: ALTER ROLE ... REPLICATION'
      : 'grant the user what is missing, or let an owner create the publication and set publication.autocreate.mode=disabled',
  '53300': (_, { text }) =>
    /max_wal_senders/.test(text)
      ? 'raise max_wal_senders in postgresql.conf and restart the server, or stop another reader: SELECT pid, application_name FROM pg_stat_replication'
      : 'raise max_connections of the server (or the limit of the role: ALTER ROLE ... CONNECTION LIMIT), or close other connections',
  '53400': () =>
    'raise max_replication_slots of the server, or drop a slot that nobody uses (pg_replication_slots shows them)',
  '55006': settings =>
    `another reader uses the slot: stop it, or give this connector its own slot.name (now ${settings.config.slotName})`,
  '55000': (_, error) =>
    /wal_level/.test(error.text)
      ? 'set wal_level=logical in postgresql.conf and restart the server'
      : 'the slot has lost what it kept: drop it, reset the offsets of the connector, and take a new snapshot',
  '58P01': () =>
    'the write-ahead log that is needed is gone: drop the slot, reset the offsets of the connector, and take a new snapshot',
  '42704': settings =>
    `create it, or let the connector do it (publication.autocreate.mode is ${settings.publicationMode}, slot.name is ${settings.config.slotName})`,
}

/** What Debezium says in such a case, for those who look for it in traces, and below it what has happened here and what helps. */
export const asDebezium = (itsWords: string, ours: string, cause?: string): ConnectError => {
  const javaClass = 'io.debezium.DebeziumException'
  if (cause === undefined) return new ConnectError(`${itsWords}\n${ours}`, { javaClass })
  return new ConnectError(`${itsWords}\n${ours}`, { cause: new ConnectError(cause, { javaClass }) })
}

/** What happened and what helps; never a secret (invariant 10). */
export const explain = (error: unknown, settings: Settings): string => {
  const { host, port } = settings.connect
  if (error instanceof PgError) {
    const detail = error.detail === undefined ? '' : ` (${error.detail})`
    const remedy = remedies[error.code]?.(settings, error) ?? error.hint
    return `PostgreSQL at ${host}:${port} says: ${error.message}${detail}${remedy === undefined ? '' : `; ${remedy}`}`
  }
  if (error instanceof ConnectionLost) return `The connection to PostgreSQL at ${host}:${port} failed: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

/** The server comes back by itself, or the other reader goes. */
const passing = /^(08(?!P01)|40|53300|55006|55P03|57014|57P01|57P02|57P03)/

/** Whether the same may succeed later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionLost || (error instanceof PgError && passing.test(error.code))

/** What `read` throws: retriable where trying again may help and the user allows it. */
export const failure = (error: unknown, settings: Settings, attempt: number): Error => {
  if (isRetriable(error) || isDataError(error) || isConfigError(error) || error instanceof ConnectError) return error
  const { errorsMaxRetries, retriableRestartConnectorWaitMs } = settings.config
  const message = explain(error, settings)
  if (!isPassing(error)) return new ConnectError(message, { cause: error })
  if (errorsMaxRetries >= 0 && attempt > errorsMaxRetries)
    return new ConnectError(`${message}; given up after errors.max.retries=${errorsMaxRetries}`, { cause: error })
  return new RetriableError(message, { cause: error, retryAfterMs: retriableRestartConnectorWaitMs })
}
