import { expect, test } from 'vitest'
import { identity } from '../../../../../connectors/postgres/incremental/row-identity.ts'
import { Relations, Window } from '../../../../../connectors/postgres/incremental/window.ts'
import type { CapturedTable } from '../../../../../connectors/postgres/records/captured-table.ts'

type Field = string | null | undefined
const field = (text: Field): Buffer => {
  if (typeof text !== 'string') return Buffer.from(text === null ? 'n' : 'u')
  const head = Buffer.from([0x74, 0, 0, 0, text.length])
  return Buffer.concat([head, Buffer.from(text)])
}
const tuple = (...fields: Field[]) => Buffer.concat([Buffer.from([0, fields.length]), ...fields.map(field)])
const table = { oid: 7, schema: 's', name: 't' } as CapturedTable
const column = (name: string, inReplicaIdentity: boolean) => ({ name, typeOid: 23, typmod: -1, inReplicaIdentity })
const relation = {
  ...{ oid: 7, schema: 's', name: 't', primaryKey: ['id'] },
  columns: [column('id', true), column('v', false)],
}
const windowOf = (...key: string[]): Window => {
  const relations = new Relations()
  relations.learn(relation)
  return new Window({ schema: 's', name: 't' }, key, relations)
}
const one = identity(['1'])
const two = identity(['2'])

test('both keys of a change of key are meant, and other tables are not', () => {
  const window = windowOf('id')
  const both = Buffer.concat([tuple('1', null), tuple('2', 'x')])
  window.changed('u', table, both, 0, tuple('1', null).length)
  window.changed('c', { ...table, schema: 'other' }, tuple('3', 'x'), -1, 0)
  expect([window.has(one), window.has(two), window.has(identity(['3']))]).toEqual([true, true, false])
  expect(window.unsure).toBe(false)
})

test('a large value of the key that did not change is the old one', () => {
  const window = windowOf('id')
  window.changed('u', table, Buffer.concat([tuple('1', 'x'), tuple(undefined, 'y')]), 0, tuple('1', 'x').length)
  expect([window.has(one), window.unsure]).toEqual([true, false])
  window.changed('u', table, tuple(undefined, 'y'), -1, 0)
  expect(window.unsure).toBe(true)
})

test.each([
  ['a truncate', 't' as const, -1, -1],
  ['an update that may have changed the key', 'u' as const, -1, 0],
  ['a delete that does not tell the key', 'd' as const, 0, -1],
])('%s: the chunk cannot be trusted', (_, op, oldAt, newAt) => {
  const window = windowOf('v')
  window.changed(op, table, tuple('1', 'x'), oldAt, newAt)
  expect(window.unsure).toBe(true)
})

test('an insert tells its key, whatever the replica identity is', () => {
  const window = windowOf('v')
  window.changed('c', table, tuple('1', 'x'), -1, 0)
  expect([window.has(identity(['x'])), window.unsure]).toEqual([true, false])
})

test('only keys of the chunk are kept once it is read', () => {
  const window = windowOf('id')
  for (const id of ['1', '2']) window.changed('u', table, tuple(id, 'x'), -1, 0)
  window.narrow([one, identity(['3'])])
  for (const id of ['3', '4']) window.changed('u', table, tuple(id, 'x'), -1, 0)
  expect(['1', '2', '3', '4'].map(id => window.has(identity([id])))).toEqual([true, false, true, false])
})

test('too many changes before it is read: it is read again', () => {
  const window = windowOf('id')
  for (let id = 0; id <= 200_000 && !window.unsure; id++) window.changed('c', table, tuple(String(id), 'x'), -1, 0)
  expect([window.unsure, window.has(identity(['0']))]).toEqual([true, false])
})

test('another form than that of the chunk', () => {
  const window = windowOf('id')
  const columns = relation.columns.map(({ name, typeOid, typmod }) => ({ name, typeOid, typmod }))
  expect(window.isOtherForm([])).toBe(false)
  window.learned({ ...relation, name: 'other', columns: [column('new', false)] })
  window.learned(relation)
  expect(window.isOtherForm([...columns, { name: 'generated', typeOid: 23, typmod: -1 }])).toBe(false)
  window.learned({ ...relation, columns: [...relation.columns, column('new', false)] })
  expect(window.isOtherForm(columns)).toBe(true)
  window.learned({ ...relation, columns: [column('id', true), { ...column('v', false), typeOid: 20 }] })
  expect(window.isOtherForm(columns)).toBe(true)
})
