/** What a benchmark says about a figure: all three, since on a shared machine a median alone hides how far runs differ. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** Throws a RangeError on an empty list: a figure without a run must not look like one. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('The median of no values is not defined')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that at least `percent` of them do not exceed. Throws a RangeError on an empty list. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('A percentile of no values is not defined')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
}

export const summarize = (values: readonly number[]): Summary => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  runs: values.length,
})

/**
 * How far two measurements of the same thing were apart, as a factor of at least 1 (1.08: 8 %). A ratio between two
 * different things that is nearer to 1 than this says nothing.
 */
export function floor(one: Summary, again: Summary): number {
  const ratio = one.median / again.median
  if (!Number.isFinite(ratio) || ratio <= 0) return Number.NaN
  return Math.max(ratio, 1 / ratio)
}

/** Whether a ratio is outside of what the same thing shows against itself. */
export const beyondFloor = (ratio: number, floorFactor: number): boolean => Math.max(ratio, 1 / ratio) > floorFactor

/**
 * Splits records evenly over partitions and objects, so that the last record closes the last object: `records` is
 * rounded up until every partition holds whole objects of `perObject` records, each at most `most`.
 */
export function evenly(
  records: number,
  partitions: number,
  most: number,
): { readonly records: number; readonly perObject: number; readonly objects: number } {
  const perPartition = Math.ceil(records / partitions)
  const objects = Math.ceil(perPartition / most)
  const perObject = Math.ceil(perPartition / objects)
  return { records: perObject * objects * partitions, perObject, objects: objects * partitions }
}
