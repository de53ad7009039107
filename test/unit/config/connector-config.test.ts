import { expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { clientSpecs } from '../../../runtime/config/client-configs.ts'
import { embeddedSpec, sinkSpec, stageSpec } from '../../../runtime/config/connector-config.ts'
import { parseConfig } from '../../../runtime/config/parse.ts'

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
