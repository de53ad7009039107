import { expect, test } from 'vitest'
import { parseConfig } from '../../../../runtime/config/parse.ts'
import hasHeaderKey from '../../../../transforms/predicates/has-header-key.ts'
import recordIsTombstone from '../../../../transforms/predicates/record-is-tombstone.ts'
import topicNameMatches from '../../../../transforms/predicates/topic-name-matches.ts'

const record = { topic: 'shop.orders', value: 1, headers: [{ key: 'trace', schema: null, value: 'x' }] }

test('HasHeaderKey looks for one header by its whole name', () => {
  const holds = (name: string) => hasHeaderKey.create({ name }).test(record)
  expect([holds('trace'), holds('tra'), holds('Trace')]).toEqual([true, false, false])
  expect(hasHeaderKey.create({ name: 'trace' }).test({ topic: 't', value: 1 })).toBe(false)
})

test('RecordIsTombstone looks at the value alone', () => {
  const predicate = recordIsTombstone.create({})
  expect(predicate.test({ topic: 't', key: 'k', value: null })).toBe(true)
  expect(predicate.test({ topic: 't', key: null, value: 0 })).toBe(false)
})

test('TopicNameMatches wants the whole name, and a pattern that is one', () => {
  const holds = (pattern: string) => topicNameMatches.create({ pattern }).test(record)
  expect([holds('shop\\..*'), holds('shop'), holds('.*orders')]).toEqual([true, false, true])
  const { problems } = parseConfig(topicNameMatches.config, { pattern: '(' })
  expect(problems.map(({ key }) => key)).toEqual(['pattern'])
})
