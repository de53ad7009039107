import { ConnectError } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import type { PgConnection } from '../wire/pg-connection.ts'

/** The oldest server whose catalog and protocol are understood here. */
export const oldestServer = 120000

/** Throws where the server cannot be read from, whatever its rights and slots are. */
export const checkServer = async (connection: PgConnection, settings: Settings): Promise<void> => {
  if (connection.serverVersion < oldestServer)
    throw new ConnectError(
      `PostgreSQL ${connection.parameter('server_version')} is too old: version ${oldestServer / 10000} or later is needed`,
    )
  const level = await connection.value('show wal_level')
  if (level !== 'logical')
    throw new ConnectError(
      `The server at ${settings.connect.host}:${settings.connect.port} has wal_level=${level}: set wal_level=logical in postgresql.conf and restart it`,
    )
}
