import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { clientSpecs } from '../../../runtime/config/client-configs.ts'
import { embeddedSpec, sinkSpec, sourceSpec, stageSpec } from '../../../runtime/config/connector-config.ts'
import { parseConfig, parseField } from '../../../runtime/config/parse.ts'

const captured = (
  JSON.parse(readFileSync(new URL('../../golden/config-types.json', import.meta.url), 'utf8')) as readonly {
    readonly name: string
    readonly op: string
    readonly config: Readonly<Record<string, string | null>>
    readonly result: { readonly errors: Readonly<Record<string, readonly string[]>> }
  }[]
).filter(
  ({ op, config }) => op === 'validate' && !Object.keys(config).some(key => /^(transforms|predicates)\./.test(key)),
)

describe('the keys every connector has, as Kafka Connect validates them', () => {
  test.each(captured)('$name', ({ config, result }) => {
    for (const [key, errors] of Object.entries(result.errors)) {
      const field = { ...sinkSpec, ...sourceSpec }[key as keyof typeof sinkSpec]
      // Classes are the registry's matter.
      if (field === undefined || field.type === 'CLASS') continue
      expect(parseField(key, field, config).problems).toEqual(errors)
    }
  })
})

test('a minimal connector parses, defaults and all', () => {
  const { config, problems } = parseConfig(sinkSpec, { name: 'n', 'connector.class': 'x' })
  expect(problems).toEqual([])
  expect(config).toMatchObject({ tasksMax: 1, errorsTolerance: 'none', topics: [], errorsRetryTimeout: 0 })
})

test('a stage has its own settings after those of the framework, the weighty ones first', () => {
  const own = { low: c.string('d', { default: '', importance: 'LOW' }), must: c.string('d'), also: c.int('d') }
  expect(Object.keys(stageSpec('Transformation', 'a'))).toEqual(['transforms.a.type', 'transforms.a.plugin.version'])
  expect(Object.keys(embeddedSpec('Transformation', 'a', own))).toEqual(
    ['also', 'must', 'negate', 'predicate', 'low'].map(key => `transforms.a.${key}`),
  )
  expect(Object.keys(embeddedSpec('Predicate', 'p', own))).toEqual(
    ['also', 'must', 'low'].map(key => `predicates.p.${key}`),
  )
  expect(embeddedSpec('Predicate', 'p', own)['predicates.p.low']?.options.group).toBe('Predicates: p')
})

test('every client setting has a default that its own rules accept', () => {
  for (const spec of Object.values(clientSpecs)) expect(parseConfig(spec, {}).problems).toEqual([])
})
