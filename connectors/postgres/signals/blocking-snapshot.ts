import type { SourceRecord } from 'millrace'
import { currentLsn } from '../capture/current-lsn.ts'
import { Snapshot, type SnapshotParts } from '../capture/snapshot.ts'
import { explain } from '../failures.ts'
import type { Collection } from '../incremental/state.ts'
import type { StreamPlace } from '../records/snapshot-record.ts'
import type { PgConnection } from '../wire/pg-connection.ts'
import { PgError } from '../wire/pg-error.ts'

/**
 * Reads tables as a whole while the stream waits. What was committed between the stream's place and the instant of the snapshot is
 * streamed after it once more. Rows keep the position of the place: stopped in the middle, it begins again. A filter that the server does
 * not accept ends the snapshot, not the task.
 */
export async function* blockingSnapshot(
  parts: SnapshotParts,
  connection: PgConnection,
  tables: readonly Collection[],
  place: StreamPlace,
): AsyncGenerator<readonly SourceRecord[]> {
  const lsn = await currentLsn(connection)
  // Writes to the log: what comes next must not have the place of these rows.
  await connection.query('select case when pg_is_in_recovery() then null else txid_current() end')
  const only = new Map(tables.map(({ id, condition }) => [id, condition]))
  // The rows tell the transaction of the signal, as Debezium's do.
  const point = { lsn, txId: place.txId ?? 0, tsMicros: Date.now() * 1000 }
  // The signal's own transaction is over for those who read the rows.
  const commit = place.sequence.startsWith('[null') ? `["${lsn}"` : place.sequence.split(',')[0]
  const within = { ...place, sequence: `${commit},"${lsn}"]` }
  const snapshot = new Snapshot({ ...parts, place: within, only }, connection, point)
  const started = parts.news?.started(place.offset) ?? []
  if (started.length > 0) yield started
  await snapshot.begin(undefined)
  try {
    yield* snapshot.read()
  } catch (error) {
    if (!(error instanceof PgError && isOfStatement(error.code))) throw error
    parts.log.error('The blocking snapshot ends: its statement failed; correct the filter and send the signal again', {
      error: explain(error, parts.settings),
    })
    const aborted = parts.news?.aborted(place.offset) ?? []
    if (aborted.length > 0) yield aborted
    return
  }
  const completed = parts.news?.completed(place.offset) ?? []
  if (completed.length > 0) yield completed
}

/** Data exceptions, syntax errors and rights: another try would fail alike. */
const isOfStatement = (code: string): boolean => code.startsWith('22') || code.startsWith('42')
