import { expect, test } from 'vitest'
import { Decimal } from '../../../runtime/api/index.ts'
import { valueKey } from '../../../runtime/api/value-key.ts'

test('different values have different keys, equal ones the same', () => {
  const values = [
    null,
    true,
    'true',
    0,
    -0,
    1,
    1n,
    '1',
    1.5,
    'n1',
    new Date(1),
    new Date(2),
    Buffer.from('a'),
    'YQ==',
    new Decimal(10n, 1),
    new Decimal(100n, 2),
    [],
    [1],
    ['1'],
    [1, 2],
    ['1,2'],
    {},
    { a: 1 },
    { a: '1' },
    { b: 1 },
    new Map(),
    new Map([['a', 1]]),
    new Map<unknown, unknown>([[1, 'a']]),
  ]
  expect(new Set(values.map(valueKey)).size).toBe(values.length)
  expect(valueKey(undefined)).toBe(valueKey(null))
  expect(valueKey(new Uint8Array([97]))).toBe(valueKey(Buffer.from('a')))
})
