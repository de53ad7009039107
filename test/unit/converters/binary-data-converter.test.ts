import { expect, test } from 'vitest'
import { s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import binary from '../../../runtime/converters/binary-data-converter.ts'
import json from '../../../runtime/converters/json-converter.ts'

const create = (delegate?: ReturnType<typeof json.create>) =>
  binary.create({ converterType: 'value' } as never, 'value', { originals: {}, delegate })
const plainJson = json.create(parseOrThrow(json.config, { 'schemas.enable': 'false' }) as never, 'value')

test('what is no bytes goes to the other converter, or is refused where there is none', () => {
  const row = s.struct({ id: s.int32() })
  expect(Buffer.from(create(plainJson).encode('t', row, { id: 1 })!).toString()).toBe('{"id":1}')
  expect(Buffer.from(create(plainJson).encode('t', null, 'text')!).toString()).toBe('"text"')
  expect(() => create().encode('outbox', row, { id: 1 })).toThrow(
    'A value of type STRUCT for topic outbox is no bytes: set delegate.converter.type',
  )
  expect(() => create().encode('outbox', null, 'text')).toThrow(/A value without a schema for topic outbox is no bytes/)
  expect(create(plainJson).encode('t', null, null)).toBeNull()
})

test('schemas of what is no bytes are told to the other converter before, and it is closed with this one', async () => {
  const told: unknown[] = []
  const other = {
    ...plainJson,
    prepare: async (batch: unknown) => void told.push(batch),
    close: () => void told.push('closed'),
  }
  const converter = create(other)
  await converter.prepare!({ topic: 't', schemas: [null, s.bytes()] })
  await converter.prepare!({ topic: 't', schemas: [s.bytes(), s.string()] })
  converter.close!()
  expect(told).toEqual([{ topic: 't', schemas: [s.string()] }, 'closed'])
})
