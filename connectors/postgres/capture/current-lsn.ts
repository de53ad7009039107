import { lsnOf } from '../replication/lsn.ts'
import type { PgConnection } from '../wire/pg-connection.ts'

const pageBytes = 8192
/** Headers of a page of the log: of most, and of the first one of a file. */
const headers = [24, 40]

/**
 * How far the log is written; `insert`: where the next record goes, behind everything that is visible (a commit may be visible
 * before it is written). On a standby: how far it is replayed.
 */
export const currentLsn = async (
  connection: PgConnection,
  which: 'written' | 'insert' = 'written',
): Promise<number> => {
  const primary = which === 'insert' ? 'pg_current_wal_insert_lsn()' : 'pg_current_wal_lsn()'
  const sql = `select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else ${primary} end`
  const lsn = lsnOf((await connection.value(sql)) ?? '0/0')
  // The header of a page is skipped though it is not there yet: nobody would ever be sent so far while nothing is written.
  const inPage = lsn % pageBytes
  return which === 'insert' && headers.includes(inPage) ? lsn - inPage : lsn
}
