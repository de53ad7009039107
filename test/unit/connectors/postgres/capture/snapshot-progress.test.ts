import { expect, test } from 'vitest'
import {
  namesText,
  progressMembers,
  readProgress,
} from '../../../../../connectors/postgres/capture/snapshot-progress.ts'
import {
  chunksOf,
  placeBehind,
  rangeCondition,
  rangeOf,
  type TableFile,
} from '../../../../../connectors/postgres/capture/table-chunks.ts'

const megabytes = (count: number) => ({ file: '16385', bytes: count * 1024 * 1024 })

test('what is left is read back as it was stored', () => {
  const begun = [
    { table: 'public.a', file: '16385', ranges: [['(5,17)', '(2048,0)'] as const, ['(4096,0)', undefined] as const] },
  ]
  const progress = { left: ['public.a', 'public."b c"'], begun }
  expect(readProgress({ lsn: 1, ...progressMembers(progress) })).toEqual(progress)
  const rest = namesText(['public."b c"'])
  expect(readProgress({ lsn: 1, ...progressMembers({ left: ['public.a'], begun }, rest) })).toEqual(progress)
  expect(readProgress(progressMembers({ ...progress, xmin: '4294968000' }))).toEqual({
    ...progress,
    xmin: '4294968000',
  })
  expect(readProgress(progressMembers({ left: [], begun: [] }, rest))).toEqual({ left: ['public."b c"'], begun: [] })
})

test.each([
  undefined,
  '',
  'no json',
  '[]',
  '{"left":[],"begun":[]}',
  '{"left":["public.a"],"begun":{}}',
  `{"left":["public.a"],"begun":[],"xmin":"1' or true --"}`,
  '{"left":["public.a"],"begun":[{"table":"public.a","file":1,"ranges":[]}]}',
  '{"left":["public.a"],"begun":[{"table":"public.a","file":"1","ranges":[["(1,2)"]]}]}',
  `{"left":["public.a"],"begun":[{"table":"public.a","file":"1","ranges":[["(1,2)' or true --",null]]}]}`,
])('%s is no progress', text => {
  expect(readProgress(text === undefined ? {} : { snapshot_progress: text })).toBeUndefined()
})

test('stretches of 16 MB cover a table, the last one whatever came behind', () => {
  const conditions = (file: TableFile, version: number) => chunksOf(file, version).map(rangeOf).map(rangeCondition)
  expect(conditions(megabytes(33), 180000)).toEqual([
    "ctid < '(2048,0)'::tid",
    "ctid >= '(2048,0)'::tid and ctid < '(4096,0)'::tid",
    "ctid >= '(4096,0)'::tid",
  ])
  expect(conditions(megabytes(16), 180000)).toEqual([undefined])
  expect(chunksOf(megabytes(0), 180000)).toHaveLength(1)
  // Every stretch would be a scan of the whole.
  expect(conditions(megabytes(33), 130000)).toEqual([undefined])
})

test('the place behind a row is that of the next item of its block', () => {
  expect(placeBehind('(12,9)')).toBe('(12,10)')
})
