import { expect, test } from 'vitest'
import { progressMembers, readProgress } from '../../../../../connectors/postgres/capture/snapshot-progress.ts'
import { chunkCondition, chunksOf } from '../../../../../connectors/postgres/capture/table-chunks.ts'

const megabytes = (count: number) => ({ file: '16385', bytes: count * 1024 * 1024 })

test('what is left is read back as it was stored', () => {
  const progress = { left: ['public.a', 'public."b c"'], file: '16385', block: 4096 }
  expect(readProgress({ lsn: 1, ...progressMembers(progress) })).toEqual(progress)
})

test.each([
  undefined,
  '',
  'no json',
  '[]',
  '{"left":[],"file":null,"block":0}',
  '{"left":["public.a"],"file":1,"block":0}',
  '{"left":["public.a"],"file":null,"block":"1"}',
])('%s is no progress', text => {
  expect(readProgress(text === undefined ? {} : { snapshot_progress: text })).toBeUndefined()
})

test('stretches of 16 MB cover a table, the last one whatever came behind', () => {
  expect(chunksOf(megabytes(33), 180000).map(chunkCondition)).toEqual([
    "ctid < '(2048,0)'::tid",
    "ctid >= '(2048,0)'::tid and ctid < '(4096,0)'::tid",
    "ctid >= '(4096,0)'::tid",
  ])
  expect(chunksOf(megabytes(16), 180000).map(chunkCondition)).toEqual([undefined])
  expect(chunksOf(megabytes(0), 180000)).toHaveLength(1)
  // Every stretch would be a scan of the whole.
  expect(chunksOf(megabytes(33), 130000).map(chunkCondition)).toEqual([undefined])
})
