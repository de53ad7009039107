import type { ConfigProblem } from 'millrace'
import { Catalog, type ListedTable } from './capture/catalog.ts'
import { Sessions } from './capture/sessions.ts'
import { findSlot } from './capture/slot.ts'
import { explain } from './failures.ts'
import type { Settings } from './settings/settings.ts'
import { inspectSignalTable } from './signals/validate-signals.ts'
import { oldestServer } from './task.ts'
import { literal, type PgConnection } from './wire/pg-connection.ts'
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
    return await connectedProblems(connection, settings)
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
    // The server's own words say what to correct.
    if (error.code === '3D000') return error.message
    return explain(error, settings)
  }
  if (error instanceof Error && /ECONNREFUSED/.test(error.message))
    return `Connection to ${host}:${port} refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.`
  return explain(error, settings)
}

const connectedProblems = async (connection: PgConnection, settings: Settings): Promise<readonly ConfigProblem[]> => {
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
        `The server has wal_level=${level}: set wal_level=logical in postgresql.conf and restart it`,
      ),
    )
  const role = await roleOf(connection)
  if (!role.replication)
    problems.push(
      problem(
        'database.user',
        `User ${connect.user} may not replicate: ALTER ROLE ... REPLICATION (on RDS: GRANT rds_replication TO ...)`,
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
  }
  if (config.slotFailover && connection.serverVersion < 170000)
    problems.push(problem('slot.failover', 'Failover slots need PostgreSQL 17 or later'))
  return problems
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

const some = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`

/** The tables for which an SQL condition over `t.oid` does not hold. */
const failing = async (
  connection: PgConnection,
  tables: readonly ListedTable[],
  condition: string,
): Promise<readonly string[]> => {
  if (tables.length === 0) return []
  const { rows } = await connection.query(
    `select n.nspname || '.' || t.relname from pg_class t join pg_namespace n on n.oid = t.relnamespace
      where t.oid = any('{${tables.map(({ oid }) => oid).join()}}'::oid[]) and not (${condition}) order by 1`,
  )
  return rows.map(([name]) => name ?? '')
}

const unreadable = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
): Promise<readonly ConfigProblem[]> => {
  const condition = `has_schema_privilege(t.relnamespace, 'USAGE') and (has_table_privilege(t.oid, 'SELECT') or has_any_column_privilege(t.oid, 'SELECT'))`
  const tables = await failing(connection, captured, condition)
  if (tables.length === 0) return []
  return [
    problem(
      'database.user',
      `User ${settings.connect.user} may not read ${some(tables)}: GRANT USAGE ON SCHEMA and GRANT SELECT ON these tables, or leave them out with table.include.list`,
    ),
  ]
}

const slotProblems = async (connection: PgConnection, settings: Settings): Promise<readonly ConfigProblem[]> => {
  const { slotName } = settings.config
  const slot = await findSlot(connection, slotName)
  if (slot === undefined) {
    const { rows } = await connection.query(
      `select (select count(*) from pg_replication_slots), current_setting('max_replication_slots')`,
    )
    const [used = '0', most = '0'] = rows[0] ?? []
    if (Number(used) < Number(most)) return []
    return [
      problem(
        'slot.name',
        `The slot ${slotName} does not exist and all ${most} replication slots are in use: raise max_replication_slots, or drop a slot that nobody uses (pg_replication_slots shows them)`,
      ),
    ]
  }
  if (slot.plugin !== 'pgoutput')
    return [
      problem(
        'slot.name',
        `The slot ${slotName} belongs to the plugin ${slot.plugin}, not pgoutput: drop it, or choose another name`,
      ),
    ]
  if (slot.database !== settings.connect.database)
    return [problem('slot.name', `The slot ${slotName} belongs to the database ${slot.database}: choose another name`)]
  return []
}

const publicationProblems = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
  superuser: boolean,
): Promise<readonly ConfigProblem[]> => {
  const { publicationName } = settings.config
  const exists =
    (await connection.value(`select 1 from pg_publication where pubname = ${literal(publicationName)}`)) !== null
  const mode = settings.publicationMode
  const key = 'publication.autocreate.mode'
  if (exists) return []
  if (mode === 'disabled')
    return [
      problem(
        'publication.name',
        `The publication ${publicationName} does not exist: create it, or let the connector do it with ${key}=filtered`,
      ),
    ]
  if (superuser) return []
  if (mode === 'all_tables')
    return [
      problem(
        key,
        `Only a superuser may create a publication for all tables: let one create ${publicationName}, or use filtered`,
      ),
    ]
  const problems: ConfigProblem[] = []
  if ((await connection.value(`select has_database_privilege(current_database(), 'CREATE')::int`)) !== '1')
    problems.push(
      problem(
        key,
        `User ${settings.connect.user} may not create a publication: GRANT CREATE ON DATABASE ${settings.connect.database}`,
      ),
    )
  const foreign = mode === 'filtered' ? await failing(connection, captured, `pg_has_role(t.relowner, 'USAGE')`) : []
  if (foreign.length > 0)
    problems.push(
      problem(
        key,
        `Only the owner may publish ${some(foreign)}: make ${settings.connect.user} a member of the owning role, or let the owner create the publication ${publicationName} and use disabled`,
      ),
    )
  return problems
}
