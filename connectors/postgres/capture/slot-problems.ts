import type { ConfigProblem } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import { applicationName, literal, type PgConnection } from '../wire/pg-connection.ts'
import { findSlot, type Slot } from './slot.ts'

/** Why the slot cannot be made or read, with what helps; empty: it can. */
export const slotProblems = async (connection: PgConnection, settings: Settings): Promise<readonly ConfigProblem[]> => {
  const { slotName } = settings.config
  const slot = await findSlot(connection, slotName)
  const what =
    slot === undefined
      ? await noRoom(connection, slotName)
      : (unusable(slot, settings) ?? (await held(connection, slot, settings)))
  return what === undefined ? [] : [{ key: 'slot.name', message: what }]
}

const drop = (slot: string): string => `SELECT pg_drop_replication_slot(${literal(slot)})`

const noRoom = async (connection: PgConnection, slot: string): Promise<string | undefined> => {
  const { rows } = await connection.query(
    `select (select count(*) from pg_replication_slots), current_setting('max_replication_slots')`,
  )
  const [used = '0', most = '0'] = rows[0] ?? []
  if (Number(used) < Number(most)) return undefined
  return `The slot ${slot} does not exist and all ${most} replication slots are in use: raise max_replication_slots in postgresql.conf and restart the server, or drop a slot that nobody uses: SELECT slot_name FROM pg_replication_slots WHERE NOT active; SELECT pg_drop_replication_slot('NAME')`
}

/** The slot is none that this connector could ever read. */
const unusable = (slot: Slot, { config: { slotName }, connect, snapshotMode }: Settings): string | undefined => {
  if (slot.plugin !== 'pgoutput')
    return `The slot ${slotName} belongs to the plugin ${slot.plugin}, not pgoutput: ${drop(slotName)}, or choose another slot.name`
  if (slot.database !== connect.database)
    return `The slot ${slotName} belongs to the database ${slot.database}, not ${connect.database}: choose another slot.name`
  if (slot.walStatus === 'lost' && snapshotMode !== 'when_needed' && snapshotMode !== 'when_lost')
    return `The slot ${slotName} has lost what it kept (wal_status=lost): ${drop(slotName)}, reset the offsets of the connector (DELETE /connectors/NAME/offsets while it is stopped) and let it take a new snapshot, or set snapshot.mode=when_needed; raise max_slot_wal_keep_size so that it does not happen again`
  return undefined
}

/** Another program reads it: two readers cannot share a slot. This connector itself may well be the reader. */
const held = async (connection: PgConnection, slot: Slot, settings: Settings): Promise<string | undefined> => {
  if (slot.activePid === undefined) return undefined
  const holder = await connection.value(
    `select application_name from pg_stat_activity where pid = ${Number(slot.activePid)}`,
  )
  if (
    holder === null ||
    holder === applicationName(undefined) ||
    holder === applicationName(settings.connect.connector)
  )
    return undefined
  const { slotName } = settings.config
  return `The slot ${slotName} is in use by "${holder}": give this connector its own slot.name, or stop the other reader: SELECT pg_terminate_backend(${slot.activePid})`
}
