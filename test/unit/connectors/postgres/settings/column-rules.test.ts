import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ColumnRules, columnRuleProblems } from '../../../../../connectors/postgres/settings/column-rules.ts'

const none = { columnPropagateSourceType: undefined, datatypePropagateSourceType: undefined }
const changeOf = (key: string, columns = 'public.t.a') =>
  new ColumnRules({ [key]: columns }, none).of('public', 't', 'a', 'text')!.change!
const sha = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

test('a mask hides null too; truncation counts UTF-16 units', () => {
  const mask = changeOf('column.mask.with.3.chars')
  expect([mask('secret', undefined), mask(null, undefined)]).toEqual(['***', '***'])
  const truncate = changeOf('column.truncate.to.2.chars')
  expect([truncate('abc', undefined), truncate('a', undefined), truncate(null, undefined)]).toEqual(['ab', 'a', null])
})

test('a hash is salted, no longer than the column, and of null it is null', () => {
  const second = changeOf('column.mask.hash.v2.SHA-256.with.salt.pepper.and.more')
  expect(second('gamma', undefined)).toBe(sha('pepper.and.moregamma'))
  expect(second('gamma', 10)).toBe(sha('pepper.and.moregamma').slice(0, 10))
  expect(second(null, 10)).toBeNull()
  const first = changeOf('column.mask.hash.SHA-256.with.salt.s')
  expect(first('é', undefined)).toBe(sha(Buffer.from('73aced00057400 02c3a9'.replace(' ', ''), 'hex')))
  const long = 'x'.repeat(70_000)
  const head = Buffer.from('73aced00057c0000000000011170', 'hex')
  expect(first(long, undefined)).toBe(sha(Buffer.concat([head, Buffer.from(long)])))
})

test('of several rules truncation counts first, then masks, then hashes', () => {
  const rules = new ColumnRules(
    {
      'column.mask.hash.SHA-1.with.salt.s': 'public.t.(a|b|c)',
      'column.mask.with.2.chars': 'public.t.(a|b)',
      'column.truncate.to.4.chars': 'PUBLIC.T.A',
    },
    { ...none, columnPropagateSourceType: ['public.t.*'] },
  )
  const parameters = (column: string) => rules.of('public', 't', column, 'text')?.parameters
  expect(parameters('a')).toEqual({ truncateLength: '4' })
  expect(parameters('b')).toEqual({ masked: 'true' })
  expect(rules.of('public', 't', 'c', 'text')!.change!('x', undefined)).toHaveLength(40)
  expect(rules.of('public', 't', 'd', 'text')).toMatchObject({ change: undefined, parameters: undefined })
  expect(rules.of('public', 'other', 'a', 'text')).toBeUndefined()
})

test('types are asked by schema, table and type', () => {
  const rules = new ColumnRules({}, { ...none, datatypePropagateSourceType: ['public.*.varchar'] })
  expect(rules.of('public', 't', 'a', 'varchar')).toBeDefined()
  expect(rules.of('public', 't', 'a', 'text')).toBeUndefined()
})

test.each([
  ['column.mask.with.some.chars', 'it is none of column.mask.* and column.truncate.*'],
  ['column.mask.hash.SHA-257.with.salt.x', 'there is no hash algorithm SHA-257'],
])('what is not understood is refused: %s', (key, what) => {
  expect(columnRuleProblems({ [key]: 'public.t.a', 'column.include.list': '(' })).toEqual([[key, what]])
})

test('a pattern that cannot be read is refused', () => {
  expect(columnRuleProblems({ 'column.mask.with.1.chars': 'public.(t' })).toHaveLength(1)
})
