import { expect, test } from 'vitest'
import { declaredSize } from '../../../../../connectors/postgres/types/declared-size.ts'

const type = (name: string, typmod = -1) => ({
  oid: 1,
  name,
  typmod,
  enumLabels: undefined,
  element: undefined,
  notNull: false,
})

test.each([
  ['int4', -1, 10, 0],
  ['float4', -1, 8, 8],
  ['varchar', 14, 10, 0],
  ['varchar', -1, 2_147_483_647, 0],
  ['text', -1, 2_147_483_647, 0],
  ['numeric', ((7 << 16) | 3) + 4, 7, 3],
  ['numeric', -1, 131089, 0],
  ['bit', 5, 5, 0],
  ['time', -1, 15, 6],
  ['timestamp', 3, 26, 3],
  ['timestamp', 0, 22, 0],
  ['timestamp', 1, 25, 1],
  ['timestamptz', -1, 35, 6],
  ['interval', -1, 49, 6],
])('%s with modifier %i', (name, typmod, length, scale) => {
  expect(declaredSize(type(name, typmod))).toEqual({ length, scale })
})
