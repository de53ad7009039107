import { expect, test } from 'vitest'
import type { KnownPlugin } from '../../../runtime/plugins/builtin.ts'
import { compareVersions, didYouMean, nameIndex, shortNames } from '../../../runtime/plugins/names.ts'

test.each([
  ['org.apache.kafka.connect.file.FileStreamSourceConnector', ['FileStreamSourceConnector', 'FileStreamSource']],
  ['org.apache.kafka.connect.json.JsonConverter', ['JsonConverter', 'Json']],
  ['org.apache.kafka.connect.transforms.RegexRouter', ['RegexRouter']],
  ['org.apache.kafka.connect.transforms.Cast$Value', []],
  ['Bare', ['Bare']],
  ['com.example.Connector', ['Connector']],
])('%s is also %j', (name, expected) => {
  expect(shortNames(name)).toEqual(expected)
})

const known = (name: string, aliases: readonly string[] = []): KnownPlugin => ({
  location: { class: name, kind: 'sink', version: '1', url: 'file:///x', exportName: 'default' },
  aliases,
  types: ['sink'],
})

test('a short name of two classes belongs to none; a class name always to its class', () => {
  const index = nameIndex([
    known('a.RedisSinkConnector'),
    known('b.RedisSinkConnector', ['Redis']),
    known('Redis.Other'),
  ])
  expect(index.get('RedisSink')).toBeUndefined()
  expect(index.get('b.RedisSinkConnector')?.location.class).toBe('b.RedisSinkConnector')
  expect(index.get('Redis')?.location.class).toBe('b.RedisSinkConnector')
})

test('two aliases for the same class are no conflict', () => {
  const index = nameIndex([known('a.XConnector', ['X', 'old.XConnector'])])
  expect([...index.keys()].sort()).toEqual(['X', 'XConnector', 'a.XConnector', 'old.XConnector'])
})

test.each([
  ['FileStreamSorce', 'org.apache.kafka.connect.file.FileStreamSourceConnector'],
  ['org.apache.kafka.connect.file.FileStreamSinkConector', 'org.apache.kafka.connect.file.FileStreamSinkConnector'],
  ['PostgreSQL', undefined],
  ['', undefined],
])('%s: did you mean %s?', (wrong, meant) => {
  const names = ['Sink', 'Source'].map(what => `org.apache.kafka.connect.file.FileStream${what}Connector`)
  expect(didYouMean(wrong, names)).toBe(meant)
})

test('versions go by number; a pre-release is before its release, the unknown before all', () => {
  const sorted = ['2.0.0', '10.0.0', '2.0.0-beta', 'undefined', '2.0.1', '2.0']
  expect(sorted.sort(compareVersions)).toEqual(
    ['undefined', '2.0.0-beta', '2.0', '2.0.0', '2.0.1', '10.0.0'].sort(compareVersions),
  )
  expect(compareVersions('2.0.0', '10.0.0')).toBeLessThan(0)
  expect(compareVersions('2.0.0-beta', '2.0.0')).toBeLessThan(0)
  expect(compareVersions('undefined', '0.0.1')).toBeLessThan(0)
  expect(compareVersions('1.2.3', '1.2.3')).toBe(0)
})
