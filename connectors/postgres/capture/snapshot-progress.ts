import type { OffsetMap } from 'millrace'

/** What of an initial snapshot was not handed over, as of a stored position. */
export interface SnapshotProgress {
  /** `schema.table`, the one being read first. Never empty. */
  readonly left: readonly string[]
  /** File of the first one (pg_relation_filenode); another one: the table was written anew, and its rows stand elsewhere. */
  readonly file: string | null
  /** The rows of the first one in blocks before this are done. */
  readonly block: number
}

const member = 'snapshot_progress'

/** A member of the stored offset that Debezium has not and leaves alone. */
export const progressMembers = (progress: SnapshotProgress): OffsetMap =>
  Object.freeze({ [member]: JSON.stringify(progress) })

/** undefined: nothing is known of it, as of a snapshot that Debezium began. */
export const readProgress = (offset: OffsetMap): SnapshotProgress | undefined => {
  const stored = offset[member]
  if (typeof stored !== 'string') return undefined
  try {
    const { left, file, block } = JSON.parse(stored) as Record<string, unknown>
    const isList = Array.isArray(left) && left.length > 0 && left.every(name => typeof name === 'string')
    if (!isList || !Number.isSafeInteger(block) || (file !== null && typeof file !== 'string')) return undefined
    return { left: left as string[], file, block: block as number }
  } catch {
    // Somebody set it by hand: the snapshot begins anew.
    return undefined
  }
}
