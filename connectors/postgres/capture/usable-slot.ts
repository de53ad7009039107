import { ConnectError, type Log } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import { literal, type PgConnection } from '../wire/pg-connection.ts'
import { findSlot, type Slot } from './slot.ts'

/**
 * The slot, where it exists and can be used; undefined: it is to be made.
 * Throws where it is another plugin's or another database's. A lost one goes where the snapshot mode allows to read all anew.
 */
export const usableSlot = async (admin: PgConnection, settings: Settings, log: Log): Promise<Slot | undefined> => {
  const { slotName } = settings.config
  const slot = await findSlot(admin, slotName)
  if (slot === undefined) return undefined
  if (slot.plugin !== 'pgoutput')
    throw new ConnectError(
      `The replication slot ${slotName} belongs to the plugin ${slot.plugin}, not pgoutput: drop it, or choose another slot.name`,
    )
  if (slot.database !== settings.connect.database)
    throw new ConnectError(
      `The replication slot ${slotName} belongs to the database ${slot.database}: choose another slot.name`,
    )
  const mayRead = ['when_needed', 'when_lost'].includes(settings.snapshotMode)
  if (slot.walStatus !== 'lost' || !mayRead) return slot
  // Nothing can be read from it any more; a new one goes with the new snapshot.
  log.warn(`The replication slot ${slotName} has lost what it kept and is made anew`)
  await admin.query(`select pg_drop_replication_slot(${literal(slotName)})`)
  return undefined
}
