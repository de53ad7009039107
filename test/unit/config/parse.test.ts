import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ConfigField, type ConfigType, c } from '../../../runtime/api/config.ts'
import { isConfigError } from '../../../runtime/api/errors.ts'
import { Secret } from '../../../runtime/api/secret.ts'
import { parseConfig, parseField, parseOrThrow } from '../../../runtime/config/parse.ts'

interface Case {
  readonly name: string
  readonly op: string
  readonly mode?: 'parse' | 'validate'
  readonly key?: string
  readonly type?: ConfigType
  readonly value?: string | null
  readonly def?: Readonly<Record<string, CapturedField>>
  readonly config?: Readonly<Record<string, string | null>>
  readonly result: {
    readonly value?: unknown
    readonly error?: { readonly message: string }
    readonly values?: Readonly<Record<string, unknown>>
    readonly validated?: Readonly<Record<string, { readonly value: unknown; readonly errors: readonly string[] }>>
  }
}

interface CapturedField {
  readonly type: ConfigType
  readonly default?: unknown
  readonly validator?: { readonly kind: string; readonly args?: readonly unknown[] }
}

const cases = JSON.parse(
  readFileSync(new URL('../../golden/config-types.json', import.meta.url), 'utf8'),
) as readonly Case[]

/** A captured value in the form parsing gives; classes are told apart by the caller. */
const plain = (json: unknown): unknown => {
  if (json === null || json === undefined) return undefined
  if (typeof json !== 'object') return json
  const [tag, content] = Object.entries(json)[0]!
  if (tag === 'array') return (content as readonly unknown[]).map(plain)
  if (tag === 'password') return `secret ${content}`
  if (tag === 'class') return content
  return Number(content)
}
const shown = (value: unknown): unknown => (value instanceof Secret ? `secret ${value.reveal()}` : value)

const field = (type: ConfigType, options: object = {}): ConfigField<unknown> => ({
  type,
  doc: 'd',
  options: options as never,
})

const options = ({ kind, args = [] }: NonNullable<CapturedField['validator']>): object | undefined => {
  switch (kind) {
    case 'between':
      return { min: Number(args[0]), max: Number(args[1]) }
    case 'atLeast':
      return { min: Number(args[0]) }
    case 'in':
      return { values: args }
    case 'inIgnoreCase':
      return { values: args, ignoreCase: true }
    case 'nonEmpty':
      return { nonEmpty: true }
    case 'listIn':
      return { values: args }
    default:
      return undefined
  }
}

// Classes are found by the registry, not by parsing; what lies beyond 2^53 is refused (invariant 9).
const unlike = (one: Case): boolean =>
  one.type === 'CLASS' || (one.type === 'LONG' && /^[+-]?\d{17,}$/.test((one.value ?? '').trim()))

describe('a value of one type, as Kafka parses it', () => {
  const list = cases.filter(one => one.op === 'parseType' && one.value !== null && !unlike(one))

  test('the captures are there', () => expect(list.length).toBeGreaterThan(100))

  test.each(list)('$name', ({ key = '', type, value, result }) => {
    const parsed = parseField(key, field(type!), { [key]: value })
    expect(parsed.problems).toEqual(result.error === undefined ? [] : [result.error.message])
    if (result.error === undefined) expect(shown(parsed.value)).toEqual(plain(result.value))
  })
})

describe('declared settings, as Kafka validates them', () => {
  const list = cases.flatMap(one => {
    if (one.op !== 'configDef' || one.mode !== 'validate' || one.result.validated === undefined) return []
    const fields = Object.entries(one.def!).map(([key, { type, default: standIn, validator }]) => {
      const checks = validator === undefined ? {} : options(validator)
      if (checks === undefined || type === 'CLASS') return undefined
      const given =
        standIn === undefined ? {} : standIn === null ? { optional: true } : { default: defaultOf(type, standIn) }
      return [key, field(type, { ...checks, ...given })] as const
    })
    if (fields.some(one => one === undefined)) return []
    return [{ ...one, spec: Object.fromEntries(fields.map(one => one!)) }]
  })

  test('the captures are there', () => expect(list.length).toBeGreaterThan(25))

  test.each(list)('$name', ({ spec, config, result }) => {
    for (const [key, declared] of Object.entries(spec)) {
      const parsed = parseField(key, declared, config!)
      const captured = result.validated![key]!
      expect([...parsed.problems]).toEqual(captured.errors)
      // An enum that ignores case is spelled as it was declared, so that a plugin compares with one spelling.
      const ignoresCase = declared.options.ignoreCase === true
      const value = ignoresCase ? String(shown(parsed.value)).toLowerCase() : shown(parsed.value)
      if (captured.errors.length === 0)
        expect(value).toEqual(ignoresCase ? String(plain(captured.value)).toLowerCase() : plain(captured.value))
    }
  })
})

// A captured default is a value or the text of one.
const defaultOf = (type: ConfigType, given: unknown): unknown =>
  typeof given === 'string' ? parseField('x', field(type), { x: given }).value : given

describe('beyond single values', () => {
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
