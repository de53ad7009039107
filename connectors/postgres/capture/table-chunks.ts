import type { PgConnection } from '../wire/pg-connection.ts'

/** Where a row stands in its table's file, as the server writes it: `(block,item)`. */
export type RowPlace = string

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

/** 16 MB of rows. */
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

/** The place of the first row that a block can have. */
export const blockStart = (block: number): RowPlace => `(${block},0)`

/** The place behind a row. */
export const placeBehind = (place: RowPlace): RowPlace => {
  const comma = place.indexOf(',')
  return `${place.slice(0, comma)},${Number(place.slice(comma + 1, -1)) + 1})`
}

/** Whether a text is a place: what is stored goes into SQL. */
export const isRowPlace = (text: unknown): text is RowPlace => typeof text === 'string' && /^\(\d+,\d+\)$/.test(text)

/** Rows from one place up to before another one; undefined: to the end of the table. */
export type RowRange = readonly [from: RowPlace, to: RowPlace | undefined]

export const rangeOf = ({ from, to }: TableChunk): RowRange => [
  blockStart(from),
  to === undefined ? undefined : blockStart(to),
]

/** SQL for the rows of a range; undefined: all rows. */
export const rangeCondition = ([from, to]: RowRange): string | undefined => {
  const parts = [
    ...(from === blockStart(0) ? [] : [`ctid >= '${from}'::tid`]),
    ...(to === undefined ? [] : [`ctid < '${to}'::tid`]),
  ]
  return parts.length === 0 ? undefined : parts.join(' and ')
}
