import { beforeEach, expect, test } from 'vitest'
import { SchemaCache } from '../../../../runtime/converters/registry/schema-cache.ts'

let made: string[]
beforeEach(() => {
  made = []
})
const lasting = async (key: string) => {
  made.push(key)
  return { expiresAt: Number.POSITIVE_INFINITY, key }
}

test('makes each once, while it is good', async () => {
  const cache = new SchemaCache<string, { readonly expiresAt: number }>(2)
  await cache.renew('t', new Set(['a', 'b']), lasting)
  await cache.renew('t', new Set(['b', 'a']), lasting)
  await cache.renew('u', new Set(['a']), lasting)
  expect(made).toEqual(['a', 'b', 'a'])
  await cache.renew('t', new Set(['c']), async () => ({ expiresAt: 0 }))
  await cache.renew('t', new Set(['c']), lasting)
  expect(made.at(-1)).toBe('c')
})

test('forgets what was used longest ago, but nothing of the batch', async () => {
  const cache = new SchemaCache<string, { readonly expiresAt: number }>(2)
  await cache.renew('t', new Set(['a', 'b']), lasting)
  await cache.renew('t', new Set(['a']), lasting)
  await cache.renew('t', new Set(['c']), lasting)
  expect(['a', 'b', 'c'].map(key => cache.get('t', key) !== undefined)).toEqual([true, false, true])
  await cache.renew('t', new Set(['d', 'e', 'f']), lasting)
  expect(['c', 'd', 'e', 'f'].map(key => cache.get('t', key) !== undefined)).toEqual([false, true, true, true])
})

test('topics that come and go leave nothing behind', async () => {
  const cache = new SchemaCache<string, { readonly expiresAt: number }>(1)
  for (let n = 0; n <= 10_000; n++) await cache.renew(`t${n}`, new Set(['a']), lasting)
  expect([0, 1, 10_000].map(n => cache.get(`t${n}`, 'a') !== undefined)).toEqual([false, true, true])
})

test('what cannot be made is not kept', async () => {
  const cache = new SchemaCache<string, { readonly expiresAt: number }>(1)
  await expect(cache.renew('t', new Set(['a']), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(cache.get('t', 'a')).toBeUndefined()
})
