import { ConnectError, type OffsetMap } from 'millrace'

/** Where streaming begins, and what of it was delivered already. */
export interface StartPosition {
  readonly offset: OffsetMap
  /** All before this is done; START_REPLICATION begins here. */
  readonly processed: number
  readonly commit: number | undefined
  readonly lsn: number
  /** The last delivered event, where it may be one of a transaction that was delivered in part. */
  readonly event: { readonly xid: number; readonly lsn: number; readonly count: number } | undefined
  /** Messages outside of transactions up to here were delivered. */
  readonly messagesDone: number
}

const numberOf = (offset: OffsetMap, key: string): number | undefined => {
  const value = offset[key]
  if (value === undefined || value === null) return undefined
  const number = Number(value)
  if (typeof value === 'boolean' || !Number.isSafeInteger(number) || number < 0)
    throw new ConnectError(
      `The stored offset has ${key}=${String(value)}, which is no position: correct it with PATCH /connectors/{name}/offsets, or reset it`,
    )
  return number
}

/** Whether an offset is that of an initial snapshot that did not get to its end. */
export const isUnfinishedSnapshot = (offset: OffsetMap): boolean => {
  const { snapshot, snapshot_completed: completed } = offset
  if (snapshot === undefined || snapshot === null || snapshot === false || snapshot === 'false') return false
  // Those stand beside the stream: its position is as good as any.
  if (/^(incremental|blocking)$/i.test(String(snapshot))) return false
  return completed !== true && completed !== 'true'
}

/** Reads an offset in Debezium's form. Throws ConnectError for one that holds no position. */
export const startPosition = (offset: OffsetMap): StartPosition => {
  const lsn = numberOf(offset, 'lsn')
  const processed = numberOf(offset, 'lsn_proc') ?? lsn
  if (lsn === undefined || processed === undefined)
    throw new ConnectError(
      'The stored offset has neither lsn nor lsn_proc: correct it with PATCH /connectors/{name}/offsets, or reset it',
    )
  const xid = numberOf(offset, 'txId')
  const streamed = offset['messageType'] !== undefined && offset['messageType'] !== null
  return {
    offset,
    processed,
    // Older offsets have no lsn_commit.
    commit: numberOf(offset, 'lsn_commit') ?? (streamed ? processed : undefined),
    lsn,
    event:
      streamed && xid !== undefined ? { xid, lsn, count: numberOf(offset, 'lsn_events_processed') ?? 1 } : undefined,
    messagesDone: streamed && xid === undefined ? lsn : 0,
  }
}
