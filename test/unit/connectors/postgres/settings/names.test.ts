import { expect, test } from 'vitest'
import { fieldName, rewritten, schemaName, topicName } from '../../../../../connectors/postgres/settings/names.ts'
import { exactName } from '../../../../../connectors/postgres/settings/patterns.ts'

test.each([
  ['a_b.c-d', 'a_b.c-d', 'a_b.c_d', 'a_u005fb.c_u002dd'],
  ['1a.2', '1a.2', '_1a.2', '_u0031a.2'],
  ['naïve', 'naïve', 'na_ve', 'na_u00efve'],
  ['', '', '', ''],
])('the schema name %s', (name, none, avro, unicode) => {
  expect([schemaName(name, 'none'), schemaName(name, 'avro'), schemaName(name, 'avro_unicode')]).toEqual([
    none,
    avro,
    unicode,
  ])
})

test('a field has no dots', () => {
  expect([fieldName('a.b', 'none'), fieldName('a.b', 'avro'), fieldName('a.b', 'avro_unicode')]).toEqual([
    'a.b',
    'a_b',
    'a_u002eb',
  ])
})

test('a topic has letters, digits, dots, underscores and hyphens, and an end', () => {
  expect(topicName('Ä b.c-d_e')).toBe('__b.c-d_e')
  expect(topicName('x'.repeat(300))).toHaveLength(249)
})

test('a name is rewritten when the whole of it matches, in the notation of Java', () => {
  const pattern = exactName('(.*)\\.s[0-9]')
  expect(rewritten('p.s1', pattern, '$1.all')).toBe('p.all')
  expect(rewritten('p.S1', pattern, '$1.all')).toBe('p.S1')
  expect(rewritten('p.s12', pattern, '$1.all')).toBe('p.s12')
  expect(rewritten('p.s1', pattern, '\\$1\\x')).toBe('$1x')
  expect(rewritten('p.s1', exactName('(?<head>.*)\\.s1'), '${head}')).toBe('p')
})
