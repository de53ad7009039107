import type { Log, OffsetMap } from 'millrace'
import { stateMembers } from '../incremental/state.ts'
import { pointOffset } from '../records/snapshot-record.ts'
import { startPosition } from '../replication/start-position.ts'
import type { Settings } from '../settings/settings.ts'
import { literal, type PgConnection } from '../wire/pg-connection.ts'
import { Catalog } from './catalog.ts'
import type { Slot } from './slot.ts'
import { readProgress } from './snapshot-progress.ts'
import { type RowRange, rangeCondition, tableFiles } from './table-chunks.ts'

interface Resumption {
  readonly settings: Settings
  readonly admin: PgConnection
  readonly slot: Slot | undefined
  readonly log: Log
}

/**
 * Whether each update becomes a record. Where not, a row may have moved from what is left of a table to what is done without the
 * stream saying so, and would be lost (invariant 4).
 */
const tellsUpdates = async (admin: PgConnection, { skipped, config }: Settings): Promise<boolean> => {
  if (skipped.has('u') || config.skipMessagesWithoutChange) return false
  const name = literal(config.publicationName)
  const filtered =
    admin.serverVersion >= 150000
      ? `exists (select from pg_publication_tables where pubname = ${name} and rowfilter is not null)`
      : 'false'
  const value = await admin.value(`select pubupdate and not ${filtered} from pg_publication where pubname = ${name}`)
  return value !== 'f'
}

/**
 * Where an initial snapshot goes on that did not get to its end: the stream from the instant of that snapshot on, and beside it what was
 * left of the snapshot, in chunks (ADR 13). undefined: it has to begin anew.
 */
export const resumedOffset = async (
  stored: OffsetMap,
  { settings, admin, slot, log }: Resumption,
): Promise<OffsetMap | undefined> => {
  const progress = readProgress(stored)
  if (progress === undefined) return undefined
  const { lsn } = startPosition(stored)
  const anew = (why: string): undefined => {
    log.info(`The snapshot begins anew: ${why}`)
    return undefined
  }
  if (slot === undefined || slot.walStatus === 'lost' || slot.restart === undefined || slot.restart > lsn)
    return anew('the replication slot does not keep all changes since its instant')
  const catalog = new Catalog(admin)
  const tables = (await catalog.tables()).filter(({ schema, name }) => progress.left.includes(`${schema}.${name}`))
  const descriptions = await catalog.describe(tables.map(({ oid }) => oid))
  for (const { oid, schema, name } of tables) {
    if ((descriptions.get(oid)?.keyColumns ?? []).length === 0)
      return anew(
        `${schema}.${name} has no primary key, by which what the stream tells of its rows could be told from what is read`,
      )
    if (settings.selectOverrides.has(`${schema}.${name}`) || settings.selectOverrides.has(name))
      return anew(`${schema}.${name} is read by a statement of its own`)
  }
  const byId = new Map(tables.map(table => [`${table.schema}.${table.name}`, table]))
  const begun = new Map(progress.begun.map(table => [table.table, table]))
  const files = await tableFiles(
    admin,
    tables.flatMap(({ oid, schema, name }) => (begun.has(`${schema}.${name}`) ? [oid] : [])),
  )
  const canGoOn = files.size > 0 && (await tellsUpdates(admin, settings))
  const lacking = new Set(
    tables.filter(table => table.hasLargeValues && table.replicaIdentity !== 'f').map(({ oid }) => oid),
  )
  const collections = progress.left.flatMap(id => {
    const table = byId.get(id)
    if (table === undefined) return []
    const part = begun.get(id)
    const isInPlace = canGoOn && part !== undefined && files.get(table.oid)?.file === part.file
    if (!isInPlace || !lacking.has(table.oid))
      return [{ id, condition: isInPlace ? conditionOf(part.ranges) : undefined, surrogateKey: undefined }]
    const { xmin } = progress
    const condition = xmin === undefined ? undefined : conditionOf(part.ranges, xmin)
    return [{ id, condition, surrogateKey: undefined }]
  })
  const txId = Number(stored['txId'] ?? 0)
  const tsMicros = Number(stored['ts_usec'] ?? Date.now() * 1000)
  const complete = pointOffset({ lsn, txId, tsMicros }, true)
  log.info('The snapshot goes on where it was interrupted, beside the stream', {
    tables: collections.map(({ id, condition }) => (condition === undefined ? id : `${id} where ${condition}`)),
  })
  if (collections.length === 0) return complete
  return {
    ...complete,
    ...stateMembers({ collections, last: undefined, maximum: undefined, correlationId: undefined }),
  }
}

/** SQL for the rows of any of the ranges, and those that are newer than `xmin`; undefined: all rows. */
const conditionOf = (ranges: readonly RowRange[], xmin?: string): string | undefined => {
  const conditions = ranges.map(rangeCondition)
  if (conditions.some(condition => condition === undefined)) return undefined
  // A row has the lower half of a transaction's number.
  if (xmin !== undefined) conditions.push(`age(xmin) <= age('${BigInt.asUintN(32, BigInt(xmin))}'::xid)`)
  return conditions.length === 0 ? 'false' : conditions.map(condition => `(${condition})`).join(' or ')
}
