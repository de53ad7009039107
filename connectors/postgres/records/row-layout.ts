import type { LayoutColumn } from './layout-column.ts'
import { type RowWriter, rowWriter } from './row-writer.ts'

/** Rows with more text than this are measured before they are written: memory is made for what they need. */
export const longRow = 64 * 1024

/** Bounds of a field: SQL null, and a large value left out. */
const NULL = -1
const UNCHANGED = -2

/** Rows that are written before a layout is worth code of its own. */
const enoughRows = 200

const tab = 0x09
const backslash = 0x5c

/** Start and end of each field of the row that is looked at; one for all rows, grown as needed. */
let bounds = new Int32Array(64)
/** The same for the old row beside a new one. */
let oldBounds = new Int32Array(64)

const withRoom = (array: Int32Array<ArrayBuffer>, fields: number): Int32Array<ArrayBuffer> =>
  array.length >= fields * 2 ? array : new Int32Array(fields * 4)

/** Takes the first fields of a COPY text line, without its line end, apart. */
export const splitLine = (buf: Buffer, at: number, end: number, fields: number): void => {
  bounds = withRoom(bounds, fields)
  const out = bounds
  let pos = at
  for (let field = 0; field < fields * 2; field += 2) {
    const start = pos
    // As tight as can be: every byte of every row comes by.
    while (pos < end && buf[pos] !== tab) pos++
    const isNull = pos - start === 2 && buf[start] === backslash && buf[start + 1] === 0x4e
    out[field] = isNull ? NULL : start
    out[field + 1] = pos++
  }
}

const splitTupleInto = (buf: Buffer, at: number, fields: number, out: Int32Array): void => {
  let pos = at + 2
  for (let field = 0; field < fields * 2; field += 2) {
    const kind = buf[pos++]
    if (kind === 0x74) {
      const length = (buf[pos]! << 24) | (buf[pos + 1]! << 16) | (buf[pos + 2]! << 8) | buf[pos + 3]!
      pos += 4
      out[field] = pos
      pos += length
      out[field + 1] = pos
    } else out[field] = kind === 0x75 ? UNCHANGED : NULL
  }
}

/**
 * Takes the first fields of a tuple of the replication stream apart. What the new tuple (at `at`) leaves out is taken from the old one (at
 * `oldAt`, -1: none), where that has it.
 */
export const splitTuple = (buf: Buffer, at: number, oldAt: number, fields: number): void => {
  bounds = withRoom(bounds, fields)
  splitTupleInto(buf, at, fields, bounds)
  if (oldAt < 0) return
  oldBounds = withRoom(oldBounds, fields)
  splitTupleInto(buf, oldAt, fields, oldBounds)
  for (let field = 0; field < fields * 2; field += 2) {
    if (bounds[field] !== UNCHANGED || oldBounds[field]! < 0) continue
    bounds[field] = oldBounds[field]!
    bounds[field + 1] = oldBounds[field + 1]!
  }
}

/** Whether the server left this field of the row that was taken apart last out, as it is large and did not change. */
export const isLeftOut = (place: number): boolean => bounds[place * 2] === UNCHANGED

/** The text of a field of the row that was taken apart last, as it was sent; null for SQL null and for what was left out. */
export const fieldText = (buf: Buffer, place: number): string | null => {
  const from = bounds[place * 2]!
  return from < 0 ? null : buf.toString('utf8', from, bounds[place * 2 + 1]!)
}

/** Whether old and new tuple hold the same in these columns. Both must have been taken apart by `splitTuple(buf, at, oldAt)`. */
export const sameFields = (buf: Buffer, columns: readonly LayoutColumn[]): boolean => {
  for (const { place } of columns) {
    const start = bounds[place * 2]!
    const oldStart = oldBounds[place * 2]!
    if (start < 0 || oldStart < 0) {
      if (start !== oldStart) return false
    } else if (buf.compare(buf, oldStart, oldBounds[place * 2 + 1]!, start, bounds[place * 2 + 1]!) !== 0) return false
  }
  return true
}

/** The fields of one struct: a row or a key. Works on the row that was taken apart last. */
export class RowLayout {
  readonly columns: readonly LayoutColumn[]
  /** How many fields from the first on must be taken apart. */
  readonly fields: number
  /** The JSON of a row with `n` bytes of text is at most `factor * n + extra` bytes. */
  readonly factor: number
  readonly extra: number
  #rows = 0
  #writer: RowWriter | undefined

  constructor(columns: readonly LayoutColumn[]) {
    this.columns = columns
    this.fields = columns.reduce((most, { place }) => Math.max(most, place + 1), 0)
    this.factor = columns.reduce((most, { codec }) => Math.max(most, codec.factor), 1)
    this.extra = columns.reduce(
      (sum, { codec, label, missingJson, unavailableJson }) =>
        sum + label.length + codec.extra + missingJson.length + unavailableJson.length,
      2,
    )
  }

  /** Upper bound of what `write` writes for the row that was taken apart last: worth its time for long rows. */
  bound(buf: Buffer): number {
    let bytes = this.extra
    for (const { place, codec } of this.columns) {
      const from = bounds[place * 2]!
      const end = bounds[place * 2 + 1]!
      if (from >= 0) bytes += codec.bound?.(buf, from, end) ?? (end - from) * codec.factor
    }
    return bytes
  }

  write(buf: Buffer, out: Buffer, start: number): number {
    if (this.#writer !== undefined) return this.#writer(buf, bounds, out, start)
    const { columns } = this
    if (++this.#rows === enoughRows) this.#writer = rowWriter(columns, UNCHANGED)
    const at = bounds
    let pos = start
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!
      const { label } = column
      for (let byte = 0; byte < label.length; byte++) out[pos++] = label[byte]!
      const from = at[column.place * 2]!
      const end = from < 0 ? -1 : column.codec.write(buf, from, at[column.place * 2 + 1]!, out, pos)
      if (end >= 0) pos = end
      else pos += (from === UNCHANGED ? column.unavailableJson : column.missingJson).copy(out, pos)
    }
    if (columns.length === 0) out[pos++] = 0x7b
    out[pos++] = 0x7d
    return pos
  }

  toObject(buf: Buffer): Record<string, unknown> {
    const row: Record<string, unknown> = {}
    for (const column of this.columns) {
      const from = bounds[column.place * 2]!
      row[column.name] =
        from < 0
          ? from === UNCHANGED
            ? column.unavailable
            : column.missing
          : (column.codec.value(buf, from, bounds[column.place * 2 + 1]!) ?? column.missing)
    }
    return row
  }
}
