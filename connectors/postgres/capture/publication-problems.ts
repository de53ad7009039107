import type { ConfigProblem } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import type { ListedTable } from './catalog.ts'
import { failing, fullName, some } from './failing-tables.ts'
import { publishable } from './publication.ts'

const modeKey = 'publication.autocreate.mode'
const nameKey = 'publication.name'

/** Why the publication cannot be made what it must be, with what helps; empty: it can. */
export const publicationProblems = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
  superuser: boolean,
): Promise<readonly ConfigProblem[]> => {
  const { rows } = await connection.query(
    `select puballtables::int, pg_has_role(pubowner, 'USAGE')::int from pg_publication where pubname = ${literal(settings.config.publicationName)}`,
  )
  const [existing] = rows
  if (existing === undefined) return missingProblems(connection, settings, captured, superuser)
  const [allTables, isOwner] = existing
  const tables = publishable(captured, settings)
  return existingProblems(connection, settings, tables, allTables === '1', isOwner === '1')
}

const existingProblems = async (
  connection: PgConnection,
  settings: Settings,
  tables: readonly ListedTable[],
  forAll: boolean,
  isOwner: boolean,
): Promise<readonly ConfigProblem[]> => {
  const { publicationMode: mode } = settings
  const name = settings.config.publicationName
  if (mode === 'filtered' && forAll)
    return [
      {
        key: modeKey,
        message: `The publication ${name} is for all tables, which filtered cannot narrow: use another ${nameKey}, or ${modeKey}=all_tables`,
      },
    ]
  if (tables.length === 0 || (mode !== 'filtered' && mode !== 'disabled')) return []
  const absent = await unpublished(connection, name, tables)
  const add = `ALTER PUBLICATION ${identifier(name)} ADD TABLE ${some(absent)}`
  if (mode === 'disabled' && absent.length === tables.length)
    return [{ key: nameKey, message: `The publication ${name} has none of the captured tables: ${add}` }]
  if (mode === 'filtered' && !isOwner && absent.length > 0)
    return [
      {
        key: modeKey,
        message: `User ${settings.connect.user} may not add ${some(absent)} to the publication ${name}, which is another's: ALTER PUBLICATION ${identifier(name)} OWNER TO ${identifier(settings.connect.user)}, or let its owner do it (${add}) and use disabled`,
      },
    ]
  return []
}

/** The tables that a publication does not have, as SQL names them. */
export const unpublished = async (
  connection: PgConnection,
  publication: string,
  tables: readonly ListedTable[],
): Promise<readonly string[]> => {
  const { rows } = await connection.query(
    `select schemaname, tablename from pg_publication_tables where pubname = ${literal(publication)}`,
  )
  const have = new Set(rows.map(([schema, table]) => `${schema}.${table}`))
  return tables.filter(({ schema, name }) => !have.has(`${schema}.${name}`)).map(fullName)
}

const missingProblems = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
  superuser: boolean,
): Promise<readonly ConfigProblem[]> => {
  const mode = settings.publicationMode
  const name = settings.config.publicationName
  const user = identifier(settings.connect.user)
  const create = `CREATE PUBLICATION ${identifier(name)} FOR TABLE ${some(captured.map(fullName)) || '...'}`
  if (mode === 'disabled')
    return [
      {
        key: nameKey,
        message: `The publication ${name} does not exist: create it (${create}), or let the connector do it with ${modeKey}=filtered`,
      },
    ]
  if ((await connection.value('select pg_is_in_recovery()::int')) === '1')
    return [
      {
        key: nameKey,
        message: `The publication ${name} does not exist and cannot be created on a standby: run on the primary: ${create}`,
      },
    ]
  if (superuser) return []
  if (mode === 'all_tables')
    return [
      {
        key: modeKey,
        message: `Only a superuser may create a publication for all tables: let one run CREATE PUBLICATION ${identifier(name)} FOR ALL TABLES, or use filtered`,
      },
    ]
  const problems: ConfigProblem[] = []
  if ((await connection.value(`select has_database_privilege(current_database(), 'CREATE')::int`)) !== '1')
    problems.push({
      key: modeKey,
      message: `User ${settings.connect.user} may not create a publication: GRANT CREATE ON DATABASE ${identifier(settings.connect.database)} TO ${user}`,
    })
  const foreign = mode === 'filtered' ? await failing(connection, captured, `pg_has_role(t.relowner, 'USAGE')`) : []
  if (foreign.length > 0)
    problems.push({
      key: modeKey,
      message: `Only the owner may publish ${some(foreign)}: make ${settings.connect.user} a member of the owning role (GRANT OWNER TO ${user}), or let the owner run CREATE PUBLICATION ${identifier(name)} FOR TABLE ${some(foreign)} and use disabled`,
    })
  return problems
}
