import { lsnOf } from '../replication/lsn.ts'
import { identifier, literal, type PgConnection } from '../wire/pg-connection.ts'

/** A replication slot as the server shows it. */
export interface Slot {
  readonly plugin: string
  readonly database: string
  readonly active: boolean
  readonly activePid: string | undefined
  /** What the server keeps from; undefined when the slot is lost. */
  readonly restart: number | undefined
  readonly confirmed: number | undefined
  /** `reserved`, `extended`, `unreserved` or `lost`; undefined before PostgreSQL 13. */
  readonly walStatus: string | undefined
  /** Bytes that may still be written before the slot is lost; undefined: no limit is set, or before PostgreSQL 13. */
  readonly safe: number | undefined
}

export const findSlot = async (connection: PgConnection, name: string): Promise<Slot | undefined> => {
  const wal = connection.serverVersion >= 130000 ? 'wal_status, safe_wal_size' : 'null, null'
  const { rows } = await connection.query(
    `select plugin, database, active::int, active_pid, restart_lsn, confirmed_flush_lsn, ${wal} from pg_replication_slots where slot_name = ${literal(name)}`,
  )
  const [row] = rows
  if (row === undefined) return undefined
  const lsn = (text: string | null | undefined) => (text === null || text === undefined ? undefined : lsnOf(text))
  return {
    plugin: row[0] ?? 'none (a physical slot)',
    database: row[1] ?? '',
    active: row[2] === '1',
    activePid: row[3] ?? undefined,
    restart: lsn(row[4]),
    confirmed: lsn(row[5]),
    walStatus: row[6] ?? undefined,
    safe: row[7] === null || row[7] === undefined ? undefined : Number(row[7]),
  }
}

export interface ExportedSnapshot {
  /** Transactions that committed before this are in the snapshot, later ones are streamed. */
  readonly consistentPoint: number
  /** For SET TRANSACTION SNAPSHOT; valid until the connection's next command. */
  readonly snapshot: string
}

/** Creates a slot on a replication connection; a temporary one goes with the connection. */
export const createSlot = async (
  replication: PgConnection,
  name: string,
  options: { readonly temporary: boolean; readonly failover: boolean },
): Promise<ExportedSnapshot> => {
  const { temporary, failover } = options
  const modern = replication.serverVersion >= 150000
  const snapshot = modern ? `(SNAPSHOT 'export'${failover ? ', FAILOVER true' : ''})` : 'EXPORT_SNAPSHOT'
  const { rows, columns } = await replication.query(
    `CREATE_REPLICATION_SLOT ${identifier(name)} ${temporary ? 'TEMPORARY ' : ''}LOGICAL pgoutput ${snapshot}`,
  )
  const value = (column: string) => rows[0]?.[columns.indexOf(column)] ?? ''
  return { consistentPoint: lsnOf(value('consistent_point')), snapshot: value('snapshot_name') }
}
