import { describe, expect, test } from 'vitest'
import { chunkCopy, type KeyColumn, maximumQuery } from '../../../../../connectors/postgres/incremental/key-order.ts'
import { identity, lineTexts, tupleIdentity } from '../../../../../connectors/postgres/incremental/row-identity.ts'
import {
  type IncrementalState,
  keyValue,
  readState,
  sameState,
  stateMembers,
  withoutState,
} from '../../../../../connectors/postgres/incremental/state.ts'
import {
  isVisible,
  RecentTransactions,
  visibilityOf,
} from '../../../../../connectors/postgres/incremental/transactions.ts'

const column = (name: string, nullable = false): KeyColumn => ({ name, type: 'int4', nullable })

describe('the order of keys', () => {
  const chunk = { after: undefined, maximum: ['9'], condition: undefined, rows: 2, ties: false }

  test('one column', () => {
    expect(maximumQuery('t', [column('a')], "x = 'y'")).toBe(
      `select "a" from t where (x = 'y') order by "a" desc limit 1`,
    )
    expect(chunkCopy('t', '*', [column('a')], chunk)).toBe(
      `copy (select * from t where not ("a") > ('9') order by "a" limit 2) to stdout`,
    )
    expect(chunkCopy('t', '*', [column('a')], { ...chunk, after: ["it's"], condition: 'p or q' })).toBe(
      `copy (select * from t where (p or q) and ("a") > ('it''s') and not ("a") > ('9') order by "a" limit 2) to stdout`,
    )
  })

  test('two columns, of which one may be null', () => {
    const key = [column('a'), column('b', true)]
    const sql = chunkCopy('t', '*', key, { ...chunk, after: ['1', '2'], maximum: ['3', null], ties: true })
    expect(sql).toContain(`(("a" > '1') or ("a" = '1' and ("b" > '2' or "b" is null)))`)
    expect(sql).toContain(`not (("a" > '3') or ("a" = '3' and false))`)
    expect(sql).toContain('fetch first 2 rows with ties')
  })
})

describe('the identity of a row', () => {
  const field = (text: string | null | undefined): Buffer => {
    if (text === null) return Buffer.from('n')
    if (text === undefined) return Buffer.from('u')
    const head = Buffer.alloc(5)
    head[0] = 0x74
    head.writeInt32BE(Buffer.byteLength(text), 1)
    return Buffer.concat([head, Buffer.from(text)])
  }
  const tuple = (...fields: (string | null | undefined)[]): Buffer =>
    Buffer.concat([Buffer.from([0, fields.length]), ...fields.map(field)])

  test('is the same in a COPY line and in the stream', () => {
    const line = Buffer.from('1\ta\\tb\\\\\t\\N\tlast')
    expect(lineTexts(line, 0, line.length, [1, 0, 2, 3])).toEqual(['a\tb\\', '1', null, 'last'])
    const both = tuple('1', 'a\tb\\', null, 'last')
    expect(tupleIdentity(both, 0, [1, 3])).toBe(identity(lineTexts(line, 0, line.length, [1, 3])))
    expect(identity(['', 'x'])).not.toBe(identity([null, 'x']))
  })

  test('is not known where the tuple does not hold it', () => {
    expect(tupleIdentity(tuple('1', undefined), 0, [0])).toBe(identity(['1']))
    expect(tupleIdentity(tuple('1', undefined), 0, [1])).toBeUndefined()
    expect(tupleIdentity(tuple('1', null), 0, [1])).toBe(identity([null]))
  })
})

describe('the state in the offset', () => {
  const state: IncrementalState = {
    collections: [
      { id: 'public.a', condition: 'x > 1', surrogateKey: undefined },
      { id: 'public.b', condition: undefined, surrogateKey: 'seq' },
    ],
    last: [keyValue('5', 'int4')],
    maximum: [keyValue('9', 'int4')],
    correlationId: 's1',
  }

  test('comes back', () => {
    const offset = { lsn: 1, ...stateMembers(state) }
    expect(readState(JSON.parse(JSON.stringify(offset)))).toEqual({ state, problem: undefined })
    expect(withoutState(offset)).toEqual({ lsn: 1 })
    expect(stateMembers(state)['incremental_snapshot_collections']).toBe(
      '[{"incremental_snapshot_collections_id":"public.a","incremental_snapshot_collections_additional_condition":"x > 1","incremental_snapshot_collections_surrogate_key":null},{"incremental_snapshot_collections_id":"public.b","incremental_snapshot_collections_additional_condition":null,"incremental_snapshot_collections_surrogate_key":"seq"}]',
    )
    expect(sameState(offset, { ...offset })).toBe(true)
    expect(sameState(offset, stateMembers({ ...state, last: [keyValue('6', 'int4')] }))).toBe(false)
  })

  test("a row's in Debezium, stored in the middle of a snapshot", () => {
    const offset = {
      ...{ lsn: 9, lsn_proc: 8, messageType: 'INSERT', snapshot: 'INCREMENTAL', snapshot_completed: false },
      last_snapshot_record: false,
      ...stateMembers(state),
    }
    expect(readState(offset).state).toEqual(state)
    expect(withoutState(offset)).toEqual({ lsn: 9, lsn_proc: 8, messageType: 'INSERT' })
    const initial = { lsn: 1, snapshot: 'INITIAL', snapshot_completed: true }
    expect(withoutState({ ...initial, ...stateMembers(state) })).toEqual(initial)
  })

  test('none', () => expect(readState({ lsn: 1 })).toEqual({ state: undefined, problem: undefined }))

  test('keys that cannot be read: the table begins again', () => {
    const read = readState({ ...stateMembers(state), incremental_snapshot_primary_key: 'aced00057399' })
    expect(read.state).toEqual({ ...state, last: undefined, maximum: undefined })
    expect(read.problem).toBeDefined()
  })

  test('values as the classes that Java has them in', () => {
    expect(keyValue('1', 'int2')).toEqual({ type: 'Integer', text: '1' })
    expect(keyValue('1', 'int8')).toEqual({ type: 'Long', text: '1' })
    expect(keyValue('1.50', 'numeric')).toEqual({ type: 'BigDecimal', text: '1.50' })
    expect(keyValue('NaN', 'numeric')).toEqual({ type: 'String', text: 'NaN' })
    expect(keyValue('f', 'bool')).toEqual({ type: 'Boolean', text: 'false' })
    expect(keyValue('x', 'citext')).toEqual({ type: 'String', text: 'x' })
    expect(keyValue('2024-01-10', 'date')).toEqual({ type: 'Date', text: '2024-01-10' })
    for (const day of ['infinity', '0044-03-15 BC', '1500-01-01', '12024-01-10'])
      expect(keyValue(day, 'date')).toEqual({ type: 'String', text: day })
    expect(keyValue('10.0.0.9', 'inet')).toEqual({ type: 'PGobject', text: '10.0.0.9', sqlType: 'inet' })
    expect(keyValue('2024-01-10 00:00:00+00', 'timestamptz')).toMatchObject({ type: 'String' })
    expect(keyValue(null, 'int4')).toBeNull()
  })
})

describe('what a snapshot of the database sees', () => {
  test('not what runs, nor what comes later, wrapped ids included', () => {
    const seen = visibilityOf('10:20:12,15')
    expect([9, 12, 13, 15, 19, 20, 21].filter(xid => isVisible(seen, xid))).toEqual([9, 13, 19])
    const wrapped = visibilityOf('4294967300:4294967310:4294967305')
    expect([4294967290, 4, 9, 14, 20].filter(xid => isVisible(wrapped, xid))).toEqual([4294967290, 4])
  })

  test('only transactions before the mark are asked of', () => {
    const recent = new RecentTransactions()
    recent.add(12)
    expect(recent.allVisible(visibilityOf('10:20:12'))).toBe(true)
    recent.mark()
    recent.add(25)
    expect(recent.allVisible(visibilityOf('10:20:12'))).toBe(false)
    expect(recent.allVisible(visibilityOf('10:20:'))).toBe(true)
  })
})
