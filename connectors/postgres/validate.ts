import type { ConfigProblem } from 'millrace'
import { Catalog, type ListedTable } from './capture/catalog.ts'
import { failing, some } from './capture/failing-tables.ts'
import { publicationProblems } from './capture/publication-problems.ts'
import { oldestServer } from './capture/server-check.ts'
import { Sessions } from './capture/sessions.ts'
import { findSlot } from './capture/slot.ts'
import { slotProblems } from './capture/slot-problems.ts'
import { explain, throughPooler } from './failures.ts'
import type { Settings } from './settings/settings.ts'
import { inspectSignalTable } from './signals/validate-signals.ts'
import { identifier, type PgConnection } from './wire/pg-connection.ts'
import { PgError } from './wire/pg-error.ts'

const problem = (key: string, message: string): ConfigProblem => ({ key, message })

/** Looks at the server; what would keep the connector from running, with what helps. Changes nothing there. */
export const serverProblems = async (settings: Settings, signal: AbortSignal): Promise<readonly ConfigProblem[]> => {
  const sessions = new Sessions(settings)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(settings.config.connectionValidationTimeoutMs)])
  const end = () => sessions.end()
  limit.addEventListener('abort', end, { once: true })
  try {
    const connection = await sessions.query()
    return await connectedProblems(connection, settings, sessions)
  } catch (error) {
    return [problem('database.hostname', `Error while validating connector config: ${failureText(error, settings)}`)]
  } finally {
    limit.removeEventListener('abort', end)
    sessions.closeAll()
  }
}

const failureText = (error: unknown, settings: Settings): string => {
  const { host, port } = settings.connect
  if (error instanceof PgError) {
    // The server's own words say what to correct, and users of Debezium know them.
    if (error.code === '3D000') return error.message
    return explain(error, settings)
  }
  if (error instanceof Error && /ECONNREFUSED/.test(error.message))
    return `Connection to ${host}:${port} refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.`
  return explain(error, settings)
}

const connectedProblems = async (
  connection: PgConnection,
  settings: Settings,
  sessions: Sessions,
): Promise<readonly ConfigProblem[]> => {
  const { connect, config } = settings
  if (connection.serverVersion < oldestServer)
    return [
      problem(
        'database.hostname',
        `PostgreSQL ${connection.parameter('server_version')} is too old: version ${oldestServer / 10000} or later is needed`,
      ),
    ]
  const problems: ConfigProblem[] = []
  const level = await connection.value('show wal_level')
  if (level !== 'logical')
    problems.push(
      problem(
        'database.hostname',
        `The server has wal_level=${level}: set wal_level=logical in postgresql.conf (ALTER SYSTEM SET wal_level = logical) and restart it`,
      ),
    )
  const standby = await standbyProblem(connection)
  if (standby !== undefined) problems.push(problem('database.hostname', standby))
  const role = await roleOf(connection)
  if (!role.replication)
    problems.push(
      problem(
        'database.user',
        `User ${connect.user} may not replicate: ALTER ROLE ${identifier(connect.user)} REPLICATION (on RDS: GRANT rds_replication TO ${identifier(connect.user)})`,
      ),
    )
  const captured = (await new Catalog(connection).tables()).filter(({ schema, name }) =>
    settings.filters.table(schema, name),
  )
  if (settings.snapshotMode === 'nothing') return problems
  if (settings.snapshotMode !== 'no_data') problems.push(...(await unreadable(connection, settings, captured)))
  if (settings.snapshotMode !== 'initial_only') {
    problems.push(...(await slotProblems(connection, settings)))
    problems.push(...(await publicationProblems(connection, settings, captured, role.superuser)))
    problems.push(...(await inspectSignalTable(connection, settings)).problems)
    if (level === 'logical' && role.replication)
      problems.push(...(await senderProblems(connection, settings, sessions)))
  }
  if (config.slotFailover && connection.serverVersion < 170000)
    problems.push(problem('slot.failover', 'Failover slots need PostgreSQL 17 or later'))
  return problems
}

const standbyProblem = async (connection: PgConnection): Promise<string | undefined> => {
  if (connection.serverVersion >= 160000) return undefined
  if ((await connection.value('select pg_is_in_recovery()::int')) !== '1') return undefined
  return 'The server is a standby (in recovery), which gives changes only from PostgreSQL 16 on: connect to the primary (database.hostname)'
}

/** Whether a replication connection can be had: it goes other ways than a query, through poolers and against other limits. */
const senderProblems = async (
  connection: PgConnection,
  settings: Settings,
  sessions: Sessions,
): Promise<readonly ConfigProblem[]> => {
  try {
    const replication = await sessions.replication()
    await replication.query('IDENTIFY_SYSTEM')
    sessions.close(replication)
    return []
  } catch (error) {
    if (!(error instanceof PgError)) throw error
    // The connector that is changed may hold the last one itself.
    if (error.code === '53300' && (await findSlot(connection, settings.config.slotName))?.active === true) return []
    const pooler = error.code === '42601' ? `; ${throughPooler}` : ''
    return [problem('database.hostname', `No replication connection: ${explain(error, settings)}${pooler}`)]
  }
}

const roleOf = async (connection: PgConnection): Promise<{ superuser: boolean; replication: boolean }> => {
  const { rows } = await connection.query(
    `select r.rolsuper::int, (r.rolsuper or r.rolreplication or exists (
        select 1 from pg_roles g where g.rolname in ('rds_superuser', 'rds_replication', 'rdsadmin', 'azure_pg_admin', 'cloudsqlsuperuser')
          and pg_has_role(r.oid, g.oid, 'member')))::int
       from pg_roles r where r.rolname = current_user`,
  )
  return { superuser: rows[0]?.[0] === '1', replication: rows[0]?.[1] === '1' }
}

const unreadable = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
): Promise<readonly ConfigProblem[]> => {
  const condition = `has_schema_privilege(t.relnamespace, 'USAGE') and (has_table_privilege(t.oid, 'SELECT') or has_any_column_privilege(t.oid, 'SELECT'))`
  const tables = await failing(connection, captured, condition)
  if (tables.length === 0) return []
  const user = identifier(settings.connect.user)
  const schemas = [...new Set(captured.map(({ schema }) => schema))]
  return [
    problem(
      'database.user',
      `User ${settings.connect.user} may not read ${some(tables)}: GRANT USAGE ON SCHEMA ${schemas.map(identifier).join(', ')} TO ${user}; GRANT SELECT ON ${some(tables)} TO ${user}, or leave them out with table.include.list`,
    ),
  ]
}
