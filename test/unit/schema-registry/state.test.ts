import { beforeEach, describe, expect, test } from 'vitest'
import { guidOf } from '../../../runtime/schema-registry/content.ts'
import {
  deleteSubjectKey,
  deleteSubjectValue,
  schemaKey,
  schemaValue,
  settingKey,
} from '../../../runtime/schema-registry/records.ts'
import { RegistryState } from '../../../runtime/schema-registry/state.ts'

let state: RegistryState
beforeEach(() => {
  state = new RegistryState()
})

const version = (subject: string, number: number, id: number, more: object = {}) => ({
  ...{ subject, version: number, id, type: 'AVRO' as const, references: [], text: `"${id}"`, deleted: false },
  ...more,
})
const put = (one: ReturnType<typeof version>) =>
  state.apply({ key: schemaKey(one.subject, one.version), value: schemaValue(one) })

describe('records', () => {
  test('are those of Confluent', () => {
    expect(schemaKey('s', 2)).toBe('{"keytype":"SCHEMA","subject":"s","version":2,"magic":1}')
    expect(schemaValue(version('s', 2, 7))).toBe(
      '{"subject":"s","version":2,"id":7,"schema":"\\"7\\"","deleted":false}',
    )
    const references = [{ name: 'n', subject: 'o', version: 1 }]
    expect(schemaValue({ ...version('s', 2, 7), type: 'PROTOBUF', references })).toBe(
      '{"subject":"s","version":2,"id":7,"schemaType":"PROTOBUF","references":[{"name":"n","subject":"o","version":1}],"schema":"\\"7\\"","deleted":false}',
    )
    expect(settingKey('CONFIG', null)).toBe('{"keytype":"CONFIG","subject":null,"magic":0}')
  })

  test('of kinds that are not known are passed over', () => {
    state.apply({ key: '{"keytype":"NOOP","magic":0}', value: null })
    state.apply({ key: '{"keytype":"CLEAR_SUBJECT","subject":"s","magic":0}', value: '{"subject":"s"}' })
    expect(state.subjects()).toEqual([])
  })
})

test.each([
  ['no key', null],
  ['null', '{}'],
  [schemaKey('s', 1), 'no value'],
  [schemaKey('s', 1), '{}'],
  [schemaKey('s', 1), '{"subject":"s","version":1,"id":0,"schema":"x"}'],
  [schemaKey('s', 1.5), '{"subject":"s","version":1,"id":1,"schema":"x"}'],
  [settingKey('CONFIG', null), '{"compatibilityLevel":"SOMETIMES"}'],
  [settingKey('MODE', 's'), '{"mode":"SLEEP"}'],
])('a record that is none changes nothing: %s with %s', (key, value) => {
  expect(() => state.apply({ key, value })).toThrow()
  expect([state.subjects(), state.maxId, state.config(null), state.mode('s')]).toEqual([[], 0, undefined, undefined])
})

describe('what they say', () => {
  test('a schema is found by id, by content and by GUID; the same content has one id', () => {
    put(version('a', 1, 1))
    put(version('b', 1, 1))
    put(version('a', 2, 5, { text: '"int"' }))
    expect(state.subjects()).toEqual(['a', 'b'])
    expect(state.maxId).toBe(5)
    const schema = { type: 'AVRO', text: '"int"', references: [] } as const
    expect([state.schema(5), state.idOf(schema), state.idOfGuid(guidOf(schema).toUpperCase())]).toEqual([schema, 5, 5])
    expect(state.withId(1).map(({ subject }) => subject)).toEqual(['a', 'b'])
  })

  test('a deleted subject keeps its versions, as deleted, up to the one that is named', () => {
    put(version('a', 1, 1))
    put(version('a', 2, 2))
    state.apply({ key: deleteSubjectKey('a'), value: deleteSubjectValue('a', 1) })
    expect(state.versions('a').map(({ deleted }) => deleted)).toEqual([true, false])
    expect(state.schema(1)).toBeDefined()
  })

  test('an id goes with the last version that has it', () => {
    put(version('a', 1, 1))
    put(version('b', 1, 1))
    state.apply({ key: schemaKey('a', 1), value: null })
    expect(state.schema(1)).toBeDefined()
    state.apply({ key: schemaKey('b', 1), value: null })
    expect([state.schema(1), state.subjects()]).toEqual([undefined, []])
  })

  test('settings of a subject, of all, and by default', () => {
    expect([state.level('s'), state.normalizes('s')]).toEqual(['BACKWARD', false])
    state.apply({ key: settingKey('CONFIG', null), value: '{"compatibilityLevel":"FULL","normalize":true}' })
    state.apply({ key: settingKey('CONFIG', 's'), value: '{"compatibilityLevel":"NONE"}' })
    expect([state.level('s'), state.level('t'), state.normalizes('s')]).toEqual(['NONE', 'FULL', true])
    state.apply({ key: settingKey('CONFIG', 's'), value: null })
    expect(state.level('s')).toBe('FULL')
    state.apply({ key: settingKey('MODE', 's'), value: '{"mode":"READONLY"}' })
    expect([state.mode('s'), state.mode(null)]).toEqual(['READONLY', undefined])
  })

  test('who refers to a version', () => {
    put(version('base', 1, 1))
    put(version('top', 1, 2, { references: [{ name: 'n', subject: 'base', version: 1 }] }))
    put(version('gone', 1, 3, { references: [{ name: 'n', subject: 'base', version: 1 }], deleted: true }))
    expect(state.referencing('base', 1).map(({ subject }) => subject)).toEqual(['top'])
  })
})
