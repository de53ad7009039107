import { ConnectError, type Log } from 'millrace'
import { asDebezium, explain } from '../failures.ts'
import { replicaIdentityRules } from '../settings/replica-identities.ts'
import type { Settings } from '../settings/settings.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'
import type { ListedTable } from './catalog.ts'
import { fullName } from './failing-tables.ts'

const operations = [
  ['c', 'insert'],
  ['u', 'update'],
  ['d', 'delete'],
  ['t', 'truncate'],
] as const

const withClause = (settings: Settings): string => {
  const options: string[] = []
  if (settings.config.publishViaPartitionRoot) options.push('publish_via_partition_root = true')
  // Only when the user asked: others may read the publication too.
  if (settings.skippedGiven && settings.skipped.size > 0) {
    const kept = operations.filter(([letter]) => !settings.skipped.has(letter)).map(([, name]) => name)
    options.push(`publish = '${kept.join(', ')}'`)
  }
  return options.length === 0 ? '' : ` with (${options.join(', ')})`
}

/** Tables whose changes can be published. */
export const publishable = (tables: readonly ListedTable[], settings: Settings): readonly ListedTable[] =>
  tables.filter(table => settings.config.publishViaPartitionRoot || !table.partitioned)

/** Makes the publication what publication.autocreate.mode says it must be. */
export const preparePublication = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
  log: Log,
): Promise<void> => {
  const name = settings.config.publicationName
  const { rows } = await connection.query(
    `select puballtables::int, pg_is_in_recovery()::int from pg_publication where pubname = ${literal(name)}`,
  )
  const mode = settings.publicationMode
  const existing = rows[0]
  if (existing === undefined) {
    if (mode === 'disabled')
      throw new ConnectError(
        `The publication ${name} does not exist and publication.autocreate.mode is disabled: create it with CREATE PUBLICATION ${identifier(name)} FOR TABLE ..., or let the connector do it`,
      )
    if ((await connection.value('select pg_is_in_recovery()::int')) === '1')
      throw new ConnectError(
        `The publication ${name} does not exist and cannot be created on a standby: create it on the primary`,
      )
    const tables = publishable(captured, settings)
    if (mode === 'filtered' && tables.length === 0)
      throw asDebezium(
        `Unable to create filtered publication ${name} for `,
        'No table matches the include and exclude lists, so there is nothing to publish: check table.include.list and schema.include.list',
        `No table filters found for filtered publication ${name}`,
      )
    const scope =
      mode === 'all_tables'
        ? ' for all tables'
        : mode === 'filtered'
          ? ` for table ${tables.map(fullName).join(', ')}`
          : ''
    log.info(`Creating publication ${name}`, { mode })
    await connection.query(`create publication ${identifier(name)}${scope}${withClause(settings)}`)
    return
  }
  if (mode !== 'filtered') return
  if (existing[0] === '1')
    throw new ConnectError(
      `The publication ${name} is for all tables, which publication.autocreate.mode=filtered cannot narrow: use another publication.name or another mode`,
    )
  const { rows: published } = await connection.query(
    `select schemaname, tablename from pg_publication_tables where pubname = ${literal(name)}`,
  )
  const have = new Set(published.map(([schema, table]) => `${schema}.${table}`))
  const want = publishable(captured, settings)
  if (
    want.length === 0 ||
    (want.length === have.size && want.every(table => have.has(`${table.schema}.${table.name}`)))
  )
    return
  log.info(`Changing the tables of publication ${name}`, { tables: want.length })
  await connection.query(`alter publication ${identifier(name)} set table ${want.map(fullName).join(', ')}`)
}

const identities: Readonly<Record<string, string>> = { d: 'DEFAULT', f: 'FULL', n: 'NOTHING', i: 'INDEX' }

/** Carries out replica.identity.autoset.values. */
export const setReplicaIdentities = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
  log: Log,
): Promise<void> => {
  for (const rule of replicaIdentityRules(settings.config.replicaIdentityAutosetValues)) {
    for (const table of captured) {
      if (!rule.table.test(`${table.schema}.${table.name}`)) continue
      if (rule.index === undefined && identities[table.replicaIdentity] === rule.identity) continue
      log.info(`Setting the replica identity of ${table.schema}.${table.name}`, { identity: rule.identity })
      const identity = rule.index === undefined ? rule.identity : `using index ${identifier(rule.index)}`
      try {
        await connection.query(`alter table ${fullName(table)} replica identity ${identity}`)
      } catch (error) {
        if (!(error instanceof PgError) || error.severity !== 'ERROR') throw error
        log.error(
          `The replica identity of ${fullName(table)} stays as it is, and ${rule.identity} is wanted (replica.identity.autoset.values): ${explain(error, settings)}`,
        )
      }
    }
  }
}
