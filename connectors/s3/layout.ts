import type { SinkRecord } from 'millrace'

/** Where objects of one place of one topic partition are, and how their names tell the first offset in them. */
export interface Slot {
  /** Every name of the slot: `before`, the offset with at least `width` digits, `after`. */
  readonly before: string
  readonly after: string
  readonly width: number
}

/** How records are spread over places, and what objects are called. */
export interface Layout {
  /** What rotation's record time is; undefined when the record has none. */
  timestampOf(record: SinkRecord, now: number): number | undefined
  /** The encoded partition; the same text for the same place. Throws DataError for a record that has no place. */
  placeOf(record: SinkRecord, timestamp: number | undefined): string
  slotOf(topic: string, partition: number, place: string): Slot
  /** The same record goes to the same place when it comes again: without this, a repeated delivery may leave rows twice. */
  readonly repeatable: boolean
}

export const keyOf = ({ before, after, width }: Slot, offset: number): string =>
  `${before}${String(offset).padStart(width, '0')}${after}`

/** The offset in a name of the slot; undefined for any other name. */
export const offsetOf = (slot: Slot, key: string): number | undefined => {
  const { before, after } = slot
  if (!key.startsWith(before) || !key.endsWith(after)) return undefined
  const digits = key.slice(before.length, key.length - after.length)
  const offset = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  return Number.isSafeInteger(offset) && keyOf(slot, offset) === key ? offset : undefined
}

/**
 * A name after which all names from `offset` on are listed; undefined when the order of names is not that of offsets.
 * Names of equal length sort by offset. One with more digits exists only near or beyond the next power of ten.
 */
export const listAfter = ({ before, width }: Slot, offset: number): string | undefined => {
  const digits = Math.max(width, String(offset).length)
  const safe = width > 1 && offset < 0.9 * 10 ** digits
  return safe ? `${before}${String(offset).padStart(digits, '0')}` : undefined
}
