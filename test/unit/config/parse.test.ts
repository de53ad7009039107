import { describe, expect, test } from 'vitest'
import { type ConfigField, type ConfigType, c } from '../../../runtime/api/config.ts'
import { isConfigError } from '../../../runtime/api/errors.ts'
import type { Secret } from '../../../runtime/api/secret.ts'
import { parseConfig, parseField, parseOrThrow } from '../../../runtime/config/parse.ts'

const field = (type: ConfigType, options: object = {}): ConfigField<unknown> => ({
  type,
  doc: 'd',
  options: options as never,
})

// Single values, validators and their texts: test/golden/config.test.ts.
describe('beyond single values', () => {
  test('parsing spells enums as declared and keeps an element of a list once, validating shows what was given', () => {
    const spec = {
      mode: c.string('d', { values: ['Fast', 'Safe'], ignoreCase: true }),
      list: c.list('d', { distinct: true }),
    }
    expect(parseConfig(spec, { mode: 'fast', list: 'a,b,a' })).toEqual({
      config: { mode: 'Fast', list: ['a', 'b'] },
      problems: [],
    })
    expect(parseField('mode', spec.mode, { mode: 'fast' }).value).toBe('fast')
    expect(parseField('list', spec.list, { list: 'a,b,a' }).problems).toEqual([
      "Configuration 'list' values must not be duplicated.",
    ])
  })

  test('members are in camel case, aliases count when the key is missing', () => {
    const spec = {
      'redis.max-retries': c.int('d', { aliases: ['retries', 'old.retries'] }),
      b: c.string('d', { default: 'x' }),
    }
    expect(parseConfig(spec, { 'old.retries': '2' }).config).toEqual({ redisMaxRetries: 2, b: 'x' })
    expect(parseConfig(spec, { retries: '1', 'redis.max-retries': '3' }).config).toEqual({ redisMaxRetries: 3, b: 'x' })
  })

  test('a plugin never meets a null where a value is required', () => {
    const { problems } = parseConfig({ a: c.string('d') }, { a: null })
    expect(problems).toEqual([{ key: 'a', message: 'Invalid value null for configuration a: a value is required' }])
    expect(
      parseConfig({ a: c.string('d', { default: 'x' }), b: c.string('d', { optional: true }) }, { a: null, b: null }),
    ).toEqual({
      config: { a: 'x', b: undefined },
      problems: [],
    })
  })

  test('a password is never shown, not even when it is wrong', () => {
    const spec = { p: c.password('d', { default: 'standing' }) }
    const given = parseOrThrow(spec, { p: 'hunter2' })['p'] as Secret
    expect(`${given} ${JSON.stringify({ given })}`).not.toContain('hunter2')
    expect(given.reveal()).toBe('hunter2')
    expect((parseOrThrow(spec, {})['p'] as Secret).reveal()).toBe('standing')
  })

  test('integers beyond 2^53 are refused, not rounded (invariant 9)', () => {
    const { value, problems } = parseField('k', field('LONG'), { k: '9007199254740993' })
    expect(value).toBeUndefined()
    expect(problems).toEqual([expect.stringContaining('9007199254740991')])
  })

  test('the end of the range is taken: people write it for "no limit"', () => {
    expect(parseField('k', field('LONG'), { k: '9223372036854775807' })).toEqual({ value: 2 ** 63, problems: [] })
    expect(parseField('k', field('LONG'), { k: '-9223372036854775808' })).toEqual({ value: -(2 ** 63), problems: [] })
    expect(parseField('k', field('LONG'), { k: '9223372036854775808' }).problems).toHaveLength(1)
  })

  test('the first problem is thrown and names its key', () => {
    const spec = { a: c.int('d'), b: c.boolean('d') }
    const error = (() => {
      try {
        return parseOrThrow(spec, { b: 'perhaps' })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(isConfigError(error) && error.key).toBe('a')
    expect((error as Error).message).toBe('Missing required configuration "a" which has no default value.')
  })

  test('messages of rules name the key that a plugin knows, those of types the whole one', () => {
    const spec = { 'a.b': field('INT', { min: 1, ownKey: 'b' }) }
    expect(parseConfig(spec, { 'a.b': '0' }).problems[0]!.message).toContain('for configuration b: Value')
    expect(parseConfig(spec, { 'a.b': 'x' }).problems[0]!.message).toContain('for configuration a.b: Not a number')
  })

  test('a check may look at what is missing', () => {
    const missing = field('STRING', {
      checksNull: true,
      check: (value: string | null) => (value === null ? 'none' : ''),
    })
    expect(parseField('k', missing, {}).problems).toEqual([
      'Missing required configuration "k" which has no default value.',
      'Invalid value null for configuration k: none',
    ])
  })

  test('names of Object.prototype are no settings', () => {
    expect(parseConfig({ constructor: c.string('d', { default: 'x' }) }, {}).config).toEqual({ constructor: 'x' })
  })
})
