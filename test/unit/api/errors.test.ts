import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import {
  ConfigError,
  ConnectError,
  c,
  camelCase,
  DataError,
  defineTransform,
  isConfigError,
  isDataError,
  isRetriable,
  pluginKind,
  RetriableError,
  Secret,
} from '../../../runtime/api/index.ts'

test('each error is of its kind and no other', () => {
  const kinds = (error: unknown) => [isRetriable(error), isDataError(error), isConfigError(error)]
  expect(kinds(new RetriableError('x', { retryAfterMs: 5 }))).toEqual([true, false, false])
  expect(kinds(new DataError('x'))).toEqual([false, true, false])
  expect(kinds(new ConfigError('x', { key: 'k' }))).toEqual([false, false, true])
  for (const other of [new ConnectError('x'), new Error('x'), null, undefined, 'x'])
    expect(kinds(other)).toEqual([false, false, false])
  expect(new RetriableError('x', { retryAfterMs: 5 })).toMatchObject({ retryAfterMs: 5, name: 'RetriableError' })
  expect(new ConfigError('x', { key: 'k' })).toMatchObject({ key: 'k', name: 'ConfigError' })
})

test('the errors of another copy of the package classify', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('millrace.RetriableError')]: true })
  expect(isRetriable(foreign)).toBe(true)
})

test('a secret shows itself nowhere but to whoever asks (invariant 10)', () => {
  const secret = new Secret('hunter2')
  const shown = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ secret }), inspect(secret)].join()
  expect(shown).not.toContain('hunter2')
  expect(shown).toContain('[hidden]')
  expect(Object.keys(secret)).toEqual([])
  expect(secret.reveal()).toBe('hunter2')
})

test('names of members come from keys', () => {
  expect(['redis.hosts', 'a-b.c', 'plain', 'a.2b'].map(camelCase)).toEqual(['redisHosts', 'aBC', 'plain', 'a2b'])
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
