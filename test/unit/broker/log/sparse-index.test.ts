import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeSummary, SparseIndex } from '../../../../runtime/broker/log/sparse-index.ts'

const summary = { size: 4_000_000_000, firstTimestamp: 1e12, maxTimestamp: 2e12, maxTimestampOffset: 2 ** 40 }

const indexOf = (entries: readonly (readonly [number, number, number])[]): SparseIndex => {
  const index = new SparseIndex()
  for (const entry of entries) index.add(...entry)
  return index
}

const entries = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 }), fc.nat(100)), {
  maxLength: 200,
})

/** Growing offsets, positions and timestamps from steps. */
const growing = (steps: readonly (readonly [number, number, number])[]) => {
  let at: readonly [number, number, number] = [0, 0, -1]
  return steps.map(([offset, position, time]) => (at = [at[0] + offset, at[1] + position, at[2] + time] as const))
}

describe('a sparse index', () => {
  test('finds the last entry at or before an offset, and the last with only earlier times before it', () => {
    fc.assert(
      fc.property(entries, fc.nat(5000), (steps, wanted) => {
        const list = growing(steps)
        const index = indexOf(list)
        expect(index.floorPosition(wanted)).toBe(list.findLast(([offset]) => offset <= wanted)?.[1] ?? 0)
        expect(index.floorPositionOfTime(wanted)).toBe(list.findLast(([, , time]) => time < wanted)?.[1] ?? 0)
      }),
    )
  })

  test('comes back from its file as it was, and damage anywhere is noticed', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(5000), (steps, damageAt, wanted) => {
        const index = indexOf(growing(steps))
        const file = index.encode(summary)
        const back = SparseIndex.decode(file)!
        expect(back.count).toBe(index.count)
        expect(back.floorPosition(wanted)).toBe(index.floorPosition(wanted))
        expect(decodeSummary(file)).toEqual({ ...summary, entries: index.count })
        const at = damageAt % file.length
        file[at] = file[at]! ^ 0x10
        // The last bytes of the header are spare.
        if (at < 44 || at >= 48) expect(SparseIndex.decode(file)).toBe(null)
      }),
    )
  })

  test('forgets what was cut off', () => {
    const index = indexOf([
      [0, 0, -1],
      [5, 500, 3],
      [9, 900, 7],
    ])
    index.truncate(500)
    expect(index.count).toBe(1)
    expect(index.floorPosition(100)).toBe(0)
  })
})
