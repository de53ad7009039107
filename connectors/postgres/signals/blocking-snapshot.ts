import type { SourceRecord } from 'millrace'
import { currentLsn } from '../capture/current-lsn.ts'
import { Snapshot, type SnapshotParts } from '../capture/snapshot.ts'
import type { Collection } from '../incremental/state.ts'
import type { StreamPlace } from '../records/snapshot-record.ts'
import type { PgConnection } from '../wire/pg-connection.ts'

/**
 * Reads tables as a whole while the stream waits. What was committed between the stream's place and the instant of the snapshot is
 * streamed after it once more. Rows keep the position of the place: stopped in the middle, it begins again.
 */
export async function* blockingSnapshot(
  parts: SnapshotParts,
  connection: PgConnection,
  tables: readonly Collection[],
  place: StreamPlace,
): AsyncGenerator<readonly SourceRecord[]> {
  const lsn = await currentLsn(connection)
  const txId = await connection.value('select case when pg_is_in_recovery() then 0 else txid_current() end')
  const only = new Map(tables.map(({ id, condition }) => [id, condition]))
  const point = { lsn, txId: Number(txId), tsMicros: Date.now() * 1000 }
  // The signal's own transaction is over for those who read the rows.
  const commit = place.sequence.startsWith('[null') ? `["${lsn}"` : place.sequence.split(',')[0]
  const within = { ...place, sequence: `${commit},"${lsn}"]` }
  const snapshot = new Snapshot({ ...parts, place: within, only }, connection, point)
  const started = parts.news?.started(place.offset) ?? []
  if (started.length > 0) yield started
  await snapshot.begin(undefined)
  yield* snapshot.read()
  const completed = parts.news?.completed(place.offset) ?? []
  if (completed.length > 0) yield completed
}
