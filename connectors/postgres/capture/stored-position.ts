import { ConnectError, type Log, type OffsetMap } from 'millrace'
import { asDebezium } from '../failures.ts'
import { lsnText } from '../replication/lsn.ts'
import { isUnfinishedSnapshot, startPosition } from '../replication/start-position.ts'
import type { Settings } from '../settings/settings.ts'
import { literal, type PgConnection } from '../wire/pg-connection.ts'
import { currentLsn } from './current-lsn.ts'
import type { Slot } from './slot.ts'

const megabyte = 1024 * 1024

/**
 * The stored offset, when the slot still has what comes after it; undefined where snapshot.mode wants a new snapshot. Throws ConnectError when
 * changes are lost: never is a slot made anew over a gap (invariant 4).
 */
export const trustedOffset = async (
  stored: OffsetMap | undefined,
  slot: Slot | undefined,
  {
    settings,
    connector,
    log,
    admin,
  }: {
    readonly settings: Settings
    readonly connector: string
    readonly log: Log
    readonly admin: PgConnection
  },
): Promise<OffsetMap | undefined> => {
  const { snapshotMode, mismatch, config } = settings
  if (stored === undefined || snapshotMode === 'initial_only' || isUnfinishedSnapshot(stored)) return stored
  const { slotName } = config
  const { processed } = startPosition(stored)
  const lost = whatIsLost(slot, processed, slotName)
  if (lost !== undefined) {
    const kept = slot === undefined || slot.walStatus === 'lost' ? undefined : slot.restart
    const to = kept ?? (await currentLsn(admin))
    const gap = `What was written from ${lsnText(processed)} to ${lsnText(to)} (${Math.ceil((to - processed) / megabyte)} MB of log) will not arrive`
    if (snapshotMode === 'when_needed' || snapshotMode === 'when_lost') {
      log.warn(`A new snapshot is needed: ${lost}. ${gap} as changes: rows that were deleted meanwhile are not told`)
      return undefined
    }
    const drop = slot === undefined ? '' : `SELECT pg_drop_replication_slot(${literal(slotName)}), `
    const place = `source_info[server='${settings.prefix}'db='${settings.connect.database}', lsn=LSN{${lsnText(processed)}}]`
    throw asDebezium(
      `The connector is trying to read change stream starting at PostgresOffsetContext [sourceInfo=${place}], but this is no longer available on the server. Reconfigure the connector to use a snapshot mode when needed.`,
      `Changes are missing: ${lost}. ${gap}. For a new snapshot: stop the connector, ${drop}DELETE /connectors/${connector}/offsets, resume it; or set snapshot.mode=when_needed, which does so by itself`,
    )
  }
  const confirmed = slot?.confirmed ?? 0
  if (confirmed > processed && mismatch === 'trust_offset')
    throw new ConnectError(
      `The replication slot ${slotName} was moved to ${lsnText(confirmed)}, beyond the stored ${lsnText(processed)}: changes between them are gone (offset.mismatch.strategy=trust_offset)`,
    )
  if (confirmed > processed && mismatch !== 'no_validation')
    return { ...stored, lsn_proc: confirmed, lsn_commit: confirmed }
  return stored
}

const whatIsLost = (slot: Slot | undefined, processed: number, name: string): string | undefined => {
  if (slot === undefined) return `the replication slot ${name} does not exist any more`
  if (slot.walStatus === 'lost' || slot.restart === undefined)
    return `the replication slot ${name} has lost what it kept (max_slot_wal_keep_size)`
  if (slot.restart > processed)
    return `the replication slot ${name} keeps changes only from ${lsnText(slot.restart)} on, and ${lsnText(processed)} is stored`
  return undefined
}
