import { expect, test } from 'vitest'
import { digestOf, type LakeObject, type LoggedRecord, lakeProblems } from '../../support/lake-check.ts'

const value = (offset: number) => `{"n":${offset}}`
/** Offsets 0 to 9; 4 is a tombstone, 7 was never there (a gap of compaction). */
const records: LoggedRecord[] = [0, 1, 2, 3, 4, 5, 6, 8, 9].map(offset => ({
  partition: 0,
  offset,
  digest: offset === 4 ? null : digestOf(value(offset)),
}))
const object = (start: number, offsets: readonly number[]): LakeObject => ({
  key: `topics/t/partition=0/t+0+${String(start).padStart(10, '0')}.json.gz`,
  digests: offsets.map(offset => digestOf(value(offset))),
})
const whole = [object(0, [0, 1, 2]), object(3, [3, 5, 6]), object(8, [8, 9])]

test('objects that hold a topic are fine, in any order', () => {
  expect(lakeProblems(records, whole)).toEqual([])
  expect(lakeProblems(records, whole.toReversed())).toEqual([])
  expect(lakeProblems(records, [object(0, [0, 1, 2, 3, 5]), object(6, [6, 8, 9])])).toEqual([])
})

test.each([
  ['a lost object', [whole[0]!, whole[2]!], 'offsets 3 to 7 of partition 0 are in no object'],
  ['a lost end', whole.slice(0, 2), 'offsets from 8 on of partition 0 are in no object'],
  ['a lost line', [object(0, [0, 2]), ...whole.slice(1)], 'line 2 of topics/t/partition=0/t+0+0000000000.json.gz'],
  ['a doubled line', [object(0, [0, 1, 1, 2]), ...whole.slice(1)], 'line 3 of'],
  ['a stray object', [...whole, object(1, [1])], 'holds these records too'],
  ['an overlap', [object(0, [0, 1, 2, 3]), ...whole.slice(1)], 'holds these records too'],
  ['records that the topic has not', [...whole, object(12, [12])], 'has not, or twice'],
  ['records out of order', [object(0, [1, 0, 2]), ...whole.slice(1)], 'line 1 of'],
  ['another name', [...whole, { key: 'topics/t/other', digests: [] }], 'is not named'],
])('%s is found', (_, objects, problem) => {
  expect(lakeProblems(records, objects).join('\n')).toContain(problem)
})
