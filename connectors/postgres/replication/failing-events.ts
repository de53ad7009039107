import { isDataError, type LazyValue, type Log, type SourceRecord } from 'millrace'
import { Change, ChangeRecord } from '../records/change-record.ts'
import { silentRecord } from '../records/message-record.ts'

/** The problem of a record that cannot be read; undefined: none. */
const problemOf = ({ key, value }: { readonly key: LazyValue | null; readonly value: LazyValue | null }) => {
  try {
    key?.get()
    value?.get()
    return undefined
  } catch (error) {
    if (isDataError(error)) return error
    throw error
  }
}

/**
 * event.processing.failure.handling.mode other than fail: a change with a value that cannot be read is left out, on purpose
 * (invariant 4). What only stores its position stands in its place.
 */
export const leaveOutFailing = (batch: SourceRecord[], log: Log | undefined): void => {
  /** Its tombstone goes with it. */
  let deleted = false
  for (const [index, record] of batch.entries()) {
    if (!(record instanceof ChangeRecord)) continue
    const goes = deleted && record.value === null
    deleted = false
    const problem = goes ? undefined : problemOf(record)
    if (!goes && problem === undefined) continue
    batch[index] = silentRecord(record.sourcePartition, record.sourceOffset)
    if (!(record.value instanceof Change)) continue
    const { op, table, lsn, transaction } = record.value
    deleted = op === 'd'
    log?.warn(`A change of ${table.schema}.${table.name} cannot be read and is left out: ${problem?.message}`, {
      op,
      lsn,
      txId: transaction.xid,
    })
  }
}
