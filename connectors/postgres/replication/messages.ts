import type { SentColumn } from '../capture/table-builder.ts'

export interface RelationColumn extends SentColumn {
  /** Of what identifies a row that was changed or deleted. */
  readonly inReplicaIdentity: boolean
}

/** A RELATION message: what the tuples of a table hold from here on. */
export interface RelationMessage {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly RelationColumn[]
  /** The primary key as of this place of the log, in the order of the columns; empty where the replica identity is not DEFAULT. */
  readonly primaryKey: readonly string[]
}

const textEnd = (buf: Buffer, at: number): number => {
  const end = buf.indexOf(0, at)
  if (end < 0) throw new RangeError('A text of the replication stream has no end')
  return end
}

/** `at` is behind the tag. */
export const readRelation = (buf: Buffer, at: number): RelationMessage => {
  const oid = buf.readUInt32BE(at)
  const schemaEnd = textEnd(buf, at + 4)
  const nameEnd = textEnd(buf, schemaEnd + 1)
  const byPrimaryKey = buf[nameEnd + 1] === 0x64
  // Replica identity (1 byte), then the number of columns.
  let pos = nameEnd + 4
  const columns: RelationColumn[] = []
  for (let left = buf.readInt16BE(nameEnd + 2); left > 0; left--) {
    const end = textEnd(buf, pos + 1)
    columns.push({
      name: buf.toString('utf8', pos + 1, end),
      typeOid: buf.readUInt32BE(end + 1),
      typmod: buf.readInt32BE(end + 5),
      inReplicaIdentity: (buf[pos]! & 1) === 1,
    })
    pos = end + 9
  }
  return {
    oid,
    schema: buf.toString('utf8', at + 4, schemaEnd),
    name: buf.toString('utf8', schemaEnd + 1, nameEnd),
    columns,
    primaryKey: byPrimaryKey
      ? columns.filter(({ inReplicaIdentity }) => inReplicaIdentity).map(column => column.name)
      : [],
  }
}

export interface LogicalMessage {
  readonly transactional: boolean
  readonly lsn: number
  readonly prefix: string
  /** A view of the message. */
  readonly content: Buffer
}

/** pg_logical_emit_message; `at` is behind the tag. */
export const readLogicalMessage = (buf: Buffer, at: number): LogicalMessage => {
  const end = textEnd(buf, at + 9)
  const length = buf.readInt32BE(end + 1)
  return {
    transactional: (buf[at]! & 1) === 1,
    lsn: buf.readUInt32BE(at + 1) * 4294967296 + buf.readUInt32BE(at + 5),
    prefix: buf.toString('utf8', at + 9, end),
    content: Buffer.from(buf.subarray(end + 5, end + 5 + length)),
  }
}

/** ORIGIN: where a replicated change was first made; `at` is behind the tag. */
export const readOrigin = (buf: Buffer, at: number): { readonly lsn: number; readonly name: string } => ({
  lsn: buf.readUInt32BE(at) * 4294967296 + buf.readUInt32BE(at + 4),
  name: buf.toString('utf8', at + 8, textEnd(buf, at + 8)),
})

/** The oids of a TRUNCATE; `at` is behind the tag. */
export const readTruncated = (buf: Buffer, at: number): readonly number[] =>
  Array.from({ length: buf.readInt32BE(at) }, (_, index) => buf.readUInt32BE(at + 5 + index * 4))

/** The tuple at `at` with other texts in some places; null: SQL null. */
export const withFields = (buf: Buffer, at: number, texts: ReadonlyMap<number, string | null>): Buffer => {
  const parts: Buffer[] = [buf.subarray(at, at + 2)]
  let pos = at + 2
  for (let place = 0, fields = buf.readInt16BE(at); place < fields; place++) {
    const start = pos
    const kind = buf[pos++]
    if (kind === 0x74 || kind === 0x62) pos += 4 + buf.readInt32BE(pos)
    const text = texts.get(place)
    if (text === undefined) parts.push(buf.subarray(start, pos))
    else if (text === null) parts.push(Buffer.from('n'))
    else {
      const bytes = Buffer.from(text)
      const head = Buffer.alloc(5, 't')
      head.writeInt32BE(bytes.length, 1)
      parts.push(head, bytes)
    }
  }
  return Buffer.concat(parts)
}

/** The end of the tuple at `at`. */
export const tupleEnd = (buf: Buffer, at: number): number => {
  let pos = at + 2
  for (let left = buf.readInt16BE(at); left > 0; left--) {
    const kind = buf[pos++]
    if (kind === 0x74 || kind === 0x62) pos += 4 + buf.readInt32BE(pos)
  }
  return pos
}
