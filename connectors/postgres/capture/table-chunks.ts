import type { PgConnection } from '../wire/pg-connection.ts'

/** A stretch of a table's file, read by one COPY. */
export interface TableChunk {
  /** First block. */
  readonly from: number
  /** The block behind the last; undefined: to the end, which may have moved. */
  readonly to: number | undefined
}

export interface TableFile {
  /** pg_relation_filenode; null: it has none of its own (a partitioned table). */
  readonly file: string | null
  readonly bytes: number
}

/** 16 MB of rows: what is read again at the most after a kill. */
const blocksPerChunk = 2048
const blockBytes = 8192

/** Files of tables by oid. */
export const tableFiles = async (
  connection: PgConnection,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TableFile>> => {
  if (oids.length === 0) return new Map()
  const { rows } = await connection.query(
    `select oid, pg_relation_filenode(oid), coalesce(pg_relation_size(oid), 0) from pg_class where oid in (${oids.join(', ')})`,
  )
  return new Map(rows.map(([oid, file, bytes]) => [Number(oid), { file: file ?? null, bytes: Number(bytes) }]))
}

/** Before version 14 the server reads the whole table for any stretch of it. */
export const chunksOf = (file: TableFile | undefined, serverVersion: number): readonly TableChunk[] => {
  const blocks = serverVersion >= 140000 ? Math.ceil((file?.bytes ?? 0) / blockBytes) : 0
  const count = Math.max(1, Math.ceil(blocks / blocksPerChunk))
  return Array.from({ length: count }, (_, index) => ({
    from: index * blocksPerChunk,
    to: index === count - 1 ? undefined : (index + 1) * blocksPerChunk,
  }))
}

/** SQL for the rows of a chunk; undefined: all rows. */
export const chunkCondition = ({ from, to }: TableChunk): string | undefined => {
  const parts = [
    ...(from === 0 ? [] : [`ctid >= '(${from},0)'::tid`]),
    ...(to === undefined ? [] : [`ctid < '(${to},0)'::tid`]),
  ]
  return parts.length === 0 ? undefined : parts.join(' and ')
}
