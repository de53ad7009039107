import { describe, expect, it } from 'vitest'
import { converterProps, delegateOf, referencedPlugins } from '../../../runtime/worker/plugin-references.ts'

const worker = {
  'key.converter': 'Json',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'Json',
}

describe('plugins a task needs', () => {
  it('are its converters, transformations and predicates, each once', () => {
    const connector = {
      'value.converter': 'Avro',
      transforms: 'a, b,c',
      'transforms.a.type': 'Route',
      'transforms.b.type': 'Route',
      'transforms.c.type': 'Insert$Value',
      predicates: 'p',
      'predicates.p.type': 'Tombstone',
    }
    expect(referencedPlugins(connector, worker)).toEqual([
      { name: 'Json', kind: 'converter' },
      { name: 'Avro', kind: 'converter' },
      { name: 'org.apache.kafka.connect.storage.SimpleHeaderConverter', kind: 'converter' },
      { name: 'Route', kind: 'transformation' },
      { name: 'Insert$Value', kind: 'transformation' },
      { name: 'Tombstone', kind: 'predicate' },
    ])
  })

  it('are the converters behind converters too', () => {
    const connector = {
      'value.converter': 'Binary',
      'value.converter.delegate.converter.type': 'Avro',
      'value.converter.delegate.converter.type.url': 'u',
    }
    expect(referencedPlugins(connector, worker).map(({ name }) => name)).toEqual([
      'Json',
      'Binary',
      'Avro',
      'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    ])
    expect(delegateOf(converterProps('value', connector, worker))).toEqual({ className: 'Avro', props: { url: 'u' } })
    expect(delegateOf({})).toBeUndefined()
  })

  it('have their settings from the level that names them', () => {
    expect(converterProps('key', {}, worker)).toEqual({ 'schemas.enable': 'false' })
    expect(converterProps('key', { 'key.converter': 'Json' }, worker)).toEqual({})
    expect(converterProps('key', { 'key.converter': 'Json', 'key.converter.x': '1' }, worker)).toEqual({ x: '1' })
  })
})
