import { expect, test } from 'vitest'
import type { LayoutColumn } from '../../../../../connectors/postgres/records/layout-column.ts'
import { Moment } from '../../../../../connectors/postgres/records/moment.ts'
import { StreamTransaction } from '../../../../../connectors/postgres/records/position.ts'
import { RowLayout, sameFields, splitLine, splitTuple } from '../../../../../connectors/postgres/records/row-layout.ts'
import { envelopeSchema, messageSchema, sourceSchema } from '../../../../../connectors/postgres/records/schemas.ts'
import { SourceBlock, SourceHead } from '../../../../../connectors/postgres/records/source-block.ts'
import { textCodec } from '../../../../../connectors/postgres/types/plain-codecs.ts'
import { s } from '../../../../../runtime/api/schema.ts'

const column = (name: string, place: number, first: boolean): LayoutColumn => ({
  name,
  place,
  codec: textCodec(s.string(), 'stream'),
  missing: null,
  missingJson: Buffer.from('null'),
  unavailable: 'gone',
  unavailableJson: Buffer.from('"gone"'),
  label: Buffer.from(`${first ? '{' : ','}"${name}":`),
})
const layout = new RowLayout([column('c', 2, true), column('a', 0, false)])
const text = (of: RowLayout, buf: Buffer): string => {
  const out = Buffer.alloc(400)
  return out.toString('utf8', 0, of.write(buf, out, 0))
}
const tuple = (...fields: readonly (string | null | undefined)[]) =>
  Buffer.concat([
    Buffer.from([0, fields.length]),
    ...fields.map(field =>
      typeof field === 'string'
        ? Buffer.from(`t\0\0\0${String.fromCharCode(field.length)}${field}`)
        : Buffer.from(field === null ? 'n' : 'u'),
    ),
  ])

test('fields of a line, in any order', () => {
  const line = Buffer.from('##1\t\\N\tthree\t4##')
  splitLine(line, 2, line.length - 2, layout.fields)
  expect(text(layout, line)).toBe('{"c":"three","a":"1"}')
  expect(layout.toObject(line)).toEqual({ c: 'three', a: '1' })
  const nulls = Buffer.from('\\N\tb\t\\N')
  splitLine(nulls, 0, nulls.length, layout.fields)
  expect(text(layout, nulls)).toBe('{"c":null,"a":null}')
  // Two characters that only look like a null.
  const almost = Buffer.from('\\n\tb\tN')
  splitLine(almost, 0, almost.length, layout.fields)
  expect(layout.toObject(almost)).toEqual({ c: 'N', a: '\\n' })
})

test('more columns than usual', () => {
  const many = new RowLayout(Array.from({ length: 200 }, (_, place) => column(`c${place}`, place, place === 0)))
  const line = Buffer.from(Array.from({ length: 200 }, (_, place) => place).join('\t'))
  splitLine(line, 0, line.length, many.fields)
  expect(many.toObject(line)['c199']).toBe('199')
})

test('tuples, new and old', () => {
  const before = tuple('1', 'x', 'long')
  const after = tuple('1', 'y', undefined)
  const buf = Buffer.concat([before, after])
  splitTuple(buf, before.length, 0, layout.fields)
  expect(text(layout, buf)).toBe('{"c":"long","a":"1"}')
  expect(sameFields(buf, layout.columns)).toBe(true)
  expect(sameFields(buf, [column('b', 1, true)])).toBe(false)
  splitTuple(buf, before.length, -1, layout.fields)
  expect(text(layout, buf)).toBe('{"c":"gone","a":"1"}')
  expect(layout.toObject(buf)).toEqual({ c: 'gone', a: '1' })
  const toNull = Buffer.concat([before, tuple(null, 'x', 'long')])
  splitTuple(toNull, before.length, 0, layout.fields)
  expect(sameFields(toNull, [column('a', 0, true)])).toBe(false)
})

test('code that is made for a layout writes what the loop wrote, whatever its names', () => {
  const odd = ['a"b', '`${1}`', '*/ throw 1', "'; process.exit()", 'ä€😀', '\\', '']
  const columns = odd.map((name, index) => ({
    ...column(name, odd.length - 1 - index, false),
    label: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    missingJson: Buffer.from(`"none ${index}"`),
    unavailableJson: Buffer.from(`"left out ${index}"`),
  }))
  const rows = [
    tuple(...odd.map((_, at) => `value ${at}`)),
    tuple(...odd.map(() => null)),
    tuple(...odd.map(() => undefined)),
    tuple(...odd.map((_, at) => (at % 2 === 0 ? '"quoted"' : null))),
  ]
  const made = new RowLayout(columns)
  const written = (of: RowLayout, row: Buffer) => {
    splitTuple(row, 0, -1, of.fields)
    return text(of, row)
  }
  for (let round = 0; round < 100; round++) for (const row of rows) written(made, row)
  for (const row of rows) {
    expect(written(made, row)).toBe(written(new RowLayout(columns), row))
    expect(() => JSON.parse(written(made, row))).not.toThrow()
  }
})

test('a struct without fields', () => {
  expect(text(new RowLayout([]), Buffer.from('x'))).toBe('{}')
})

test('the source block says the same as object and as JSON', () => {
  const head = new SourceHead('p"x', 'd')
  const block = new SourceBlock(head, 's', 't')
  const transaction = new StreamTransaction({ xid: 5, tsMicros: 1_000_001, commitBefore: 7, processed: 7 }, head)
  transaction.setOrigin('o"', 9)
  const lsn = 8
  const json = [
    transaction.beforeLsn,
    lsn,
    transaction.afterSequence,
    block.place,
    transaction.beforeSecondLsn,
    lsn,
    transaction.rest,
  ].join('')
  const parsed = JSON.parse(`{${json.slice(1)}null}`) as { source: object }
  const object = block.toObject({
    tsMicros: 1_000_001,
    snapshot: 'false',
    sequence: `${transaction.sequenceStart}${lsn}"]`,
    txId: 5,
    lsn,
    origin: 'o"',
    originLsn: 9,
  })
  expect(parsed.source).toEqual({ ...object, ts_ns: Number(object['ts_ns']) })
  expect(Object.keys(parsed.source)).toEqual(sourceSchema.fields.map(({ name }) => name))
})

test('schemas', () => {
  const schema = envelopeSchema('n', s.struct({}, { name: 'n.Value', optional: true }))
  expect([schema.name, schema.version, schema.fields.map(({ name }) => name)]).toEqual([
    'n.Envelope',
    2,
    ['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns'],
  ])
  expect(messageSchema(s.bytes()).field('message')!.schema.field('content')!.schema).toBe(s.bytes({ optional: true }))
})

test('a moment', () => {
  const moment = new Moment(1.5)
  expect([moment.ms, moment.micros, moment.nanos]).toEqual([1, 1500, 1500000n])
  expect(JSON.parse(`{${moment.json}`)).toEqual({ ts_ms: 1, ts_us: 1500, ts_ns: 1500000 })
  expect(Math.abs(new Moment().ms - Date.now())).toBeLessThan(5000)
})
