import { describe, expect, test } from 'vitest'
import { c, defineSink } from '../../../runtime/api/index.ts'
import { classMissing, slip, strays, valueHint } from '../../../runtime/herder/advice.ts'
import type { ConfigInfos } from '../../../runtime/herder/entities.ts'
import type { ConnectorDefinition } from '../../../runtime/worker/plugin-access.ts'

const sink = defineSink({
  class: 'x.Sink',
  version: '1',
  doc: 'A sink.',
  config: { 'batch.size': c.int('Size.', { default: 1, aliases: ['batch'] }) },
  otherKeys: /^column\./,
  open: () => ({ write: async () => {} }),
}) as ConnectorDefinition

const infos = (...names: string[]): ConfigInfos => ({
  name: 'x',
  error_count: 0,
  groups: [],
  configs: names.map(name => ({
    definition: null,
    value: { name, value: null, recommended_values: [], errors: [], visible: true },
  })),
})

test('settings that nothing reads, and what was meant', () => {
  const props = {
    name: 'c',
    batch: '1',
    'batch.sizes': '2',
    colour: 'red',
    'column.a': '',
    'consumer.override.x': '',
    'key.converter.y': '',
    'topic.creation.z': '',
    __proto__x: '',
  }
  expect(strays(props, sink, infos('name', 'batch.size'))).toEqual([
    {
      name: 'batch.sizes',
      message: 'The setting batch.sizes means nothing to this connector',
      hint: 'Did you mean batch.size?',
    },
    { name: 'colour', message: 'The setting colour means nothing to this connector' },
    { name: '__proto__x', message: 'The setting __proto__x means nothing to this connector' },
  ])
})

test('the first slip that looks like something known', () => {
  expect(slip(infos())).toBeUndefined()
  const warnings = [
    { name: 'a', message: 'A' },
    { name: 'b', message: 'B', hint: 'Did you mean c?' },
  ]
  expect(slip({ ...infos(), warnings })).toBe('B. Did you mean c?')
})

describe('valueHint', () => {
  const one = c.string('Doc.', { values: ['none', 'gzip', 'zstd'] })
  const list = c.list('Doc.', { values: ['key', 'value', 'Offset'] })
  test.each([
    [one, 'gzipp', 'Did you mean gzip?'],
    [one, 'GZIP', 'Did you mean gzip?'],
    [one, 'lz4', undefined],
    [one, null, undefined],
    [list, 'key, values', 'Did you mean value?'],
    [list, 'offset', 'Did you mean Offset?'],
    [c.string('Doc.'), 'x', undefined],
    [undefined, 'x', undefined],
  ])('%#: %s', (field, given, hint) => expect(valueHint(field, given)).toBe(hint))
})

test('without allowed values, the recommended ones count; of classes their short names too', () => {
  const classes = ['com.example.InsertField$Value', 'com.example.JsonConverter']
  const type = c.class('Doc.')
  expect(valueHint(c.string('Doc.'), 'initail', ['initial', 'always'])).toBe('Did you mean initial?')
  expect(valueHint(type, 'JsonConvertr', classes)).toBe('Did you mean com.example.JsonConverter?')
  expect(valueHint(type, 'org.other.InsertFeld$Value', classes)).toBe('Did you mean com.example.InsertField$Value?')
  expect(valueHint(type, 'org.other.Something', classes)).toBeUndefined()
})

test('no class named: the setting that looks like it, else where the classes are', () => {
  expect(classMissing({ 'conector.class': 'X', name: 'n' })).toEqual({
    configKey: 'connector.class',
    hint: 'The setting conector.class means nothing. Did you mean connector.class?',
  })
  expect(classMissing({ name: 'n' }).hint).toContain('GET /connector-plugins')
})
