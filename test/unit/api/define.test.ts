import { expect, test } from 'vitest'
import { c, camelCase, defineTransform, pluginKind } from '../../../runtime/api/index.ts'

test('names of members come from keys', () => {
  expect(['redis.hosts', 'a-b.c', 'plain', 'a.2b'].map(camelCase)).toEqual(['redisHosts', 'aBC', 'plain', 'a2b'])
})

test('a setting without a documentation text is refused', () => {
  expect(() => c.string(' ')).toThrow('documentation')
})

test('a plugin says its kind and cannot be changed', () => {
  const plugin = defineTransform({
    class: 'a.B',
    version: '1.0.0',
    doc: 'x',
    config: {},
    examples: [],
    create: () => ({ apply: record => record }),
  })
  expect(pluginKind(plugin)).toBe('transformation')
  expect(Object.isFrozen(plugin)).toBe(true)
  for (const other of [{}, null, undefined, { kind: 'sink' }]) expect(pluginKind(other)).toBeUndefined()
})
