import type { ConfigProblem } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'

const key = 'signal.data.collection'

export interface SignalFindings {
  /** Signals would never arrive, or could not be read. */
  readonly problems: readonly ConfigProblem[]
  /** It works in another way than asked for, or not yet. */
  readonly warnings: readonly string[]
}

/** Looks at the table of signals; every finding says what helps. Changes nothing on the server. */
export const inspectSignalTable = async (connection: PgConnection, settings: Settings): Promise<SignalFindings> => {
  const { table, watermarks, fromTable } = settings.signals
  if (table === undefined) return { problems: [], warnings: [] }
  const name = `${table.schema}.${table.name}`
  const quoted = `${identifier(table.schema)}.${identifier(table.name)}`
  const { publicationName } = settings.config
  const { rows } = await connection.query(
    `select (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
       has_table_privilege(c.oid, 'INSERT')::int, has_table_privilege(c.oid, 'DELETE')::int, pg_is_in_recovery()::int,
       (select count(*) from pg_publication where pubname = ${literal(publicationName)}),
       (select count(*) from pg_publication_tables p where p.pubname = ${literal(publicationName)}
          and p.schemaname = n.nspname and p.tablename = c.relname)
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${literal(table.schema)} and c.relname = ${literal(table.name)} and c.relkind in ('r', 'p')`,
  )
  const [row] = rows
  const create = `CREATE TABLE ${quoted} (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT)`
  if (row === undefined) return { problems: [], warnings: [`There is no table ${name} yet: ${create}`] }
  const [columns, mayInsert, mayDelete, standby, publications, published] = row
  const problems: ConfigProblem[] = []
  const warnings: string[] = []
  const { user } = settings.connect
  const instead = 'chunks of incremental snapshots are fenced by positions in the log'
  if (columns !== '3') problems.push({ key, message: `${name} has ${columns} columns and must have three: ${create}` })
  if (watermarks !== 'none' && standby === '1')
    warnings.push(`The server is a standby, where nothing can be written to ${name}: ${instead}; set read.only=true`)
  else if (watermarks !== 'none' && mayInsert !== '1')
    warnings.push(`User ${user} may not write to ${name}: ${instead}; GRANT INSERT ON ${quoted}, or set read.only=true`)
  else if (watermarks === 'insert_delete' && mayDelete !== '1')
    warnings.push(
      `User ${user} may not delete from ${name}: ${instead}; GRANT DELETE ON ${quoted}, or use insert_insert`,
    )
  // In the mode filtered the connector adds it itself.
  if (fromTable && publications !== '0' && published === '0' && settings.publicationMode !== 'filtered')
    problems.push({
      key,
      message: `${name} is not in the publication ${publicationName}, so no signal would arrive: ALTER PUBLICATION ${identifier(publicationName)} ADD TABLE ${quoted}`,
    })
  return { problems, warnings }
}
