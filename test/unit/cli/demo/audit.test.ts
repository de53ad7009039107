import { gzipSync } from 'node:zlib'
import type { S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { auditObjects, isClean } from '../../../../runtime/cli/demo/audit.ts'
import { eventKey, type Shop } from '../../../../runtime/cli/demo/shop.ts'

const row = (id: number, version: number) => ({
  id,
  version,
  customer: 'C',
  product: 'p',
  quantity: 1,
  paid: true,
  note: null,
})
const insert = (id: number, version = 1) => ({ op: version === 1 ? 'c' : 'u', before: null, after: row(id, version) })
const remove = (id: number) => ({ op: 'd', before: { id }, after: null })

/** A shop that expects rows 1 (changed once), 2 (deleted) and 3. */
const shop = {
  expected: new Set([
    eventKey(1, 1, 'row'),
    eventKey(1, 2, 'row'),
    eventKey(2, 1, 'row'),
    eventKey(2, 1, 'delete'),
    eventKey(3, 1, 'row'),
  ]),
  rows: async () => new Map([row(1, 2), row(3, 1)].map(one => [one.id, one])),
} as unknown as Shop

/** An S3 with one event per line, an object per list, two keys a page. */
const s3 = (objects: readonly (readonly object[])[]): S3Client =>
  ({
    send: async (command: { constructor: { name: string }; input: { Key?: string; ContinuationToken?: string } }) => {
      const { input } = command
      if (command.constructor.name === 'GetObjectCommand') {
        const lines = objects[Number(input.Key)]!.map(event => `${JSON.stringify(event)}\n`).join('')
        return { Body: { transformToByteArray: async () => gzipSync(lines) } }
      }
      const from = Number(input.ContinuationToken ?? 0)
      return {
        Contents: objects.slice(from, from + 2).map((_, index) => ({ Key: String(from + index) })),
        NextContinuationToken: from + 2 < objects.length ? String(from + 2) : undefined,
      }
    },
  }) as unknown as S3Client

const all = [[insert(1), insert(2)], [insert(1, 2), remove(2)], [insert(3)]]

test('is clean when every event is there once and they add up to the table', async () => {
  const audit = await auditObjects(s3(all), 'b', 'p', shop)
  expect(isClean(audit)).toBe(true)
  expect(audit).toMatchObject({ objects: 3, lines: 5 })
})

test.each([
  ['a lost update', [[insert(1), insert(2)], [remove(2)], [insert(3)]], { missing: ['1/2/row'], different: ['1'] }],
  [
    'a lost delete',
    [[insert(1), insert(2)], [insert(1, 2)], [insert(3)]],
    { missing: ['2/1/delete'], different: ['2'] },
  ],
  [
    'a lost insert',
    [
      [insert(1), insert(2)],
      [insert(1, 2), remove(2)],
    ],
    { missing: ['3/1/row'], different: ['3'] },
  ],
  ['an event twice', [...all, [insert(3)]], { twice: ['3/1/row'] }],
  ['an event that nobody wrote', [...all, [insert(9)]], { unexpected: ['9/1/row'], different: ['9'] }],
  [
    'a value that changed on the way',
    [...all.slice(0, 2), [{ op: 'c', before: null, after: { ...row(3, 1), quantity: 2 } }]],
    { different: ['3'] },
  ],
])('sees %s', async (_, objects, expected) => {
  const audit = await auditObjects(s3(objects), 'b', 'p', shop)
  expect(isClean(audit)).toBe(false)
  expect(audit).toMatchObject(expected)
})
