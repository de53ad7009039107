import { expect, test } from 'vitest'
import { DataError } from '../../../../runtime/api/errors.ts'
import { frameOf, readFrame } from '../../../../runtime/converters/registry/wire-format.ts'

test.each([
  { id: 1, indexes: undefined, bytes: '0000000001' },
  { id: 4_294_967_295, indexes: undefined, bytes: '00ffffffff' },
  { id: 7, indexes: [0], bytes: '000000000700' },
  { id: 7, indexes: [1], bytes: '00000000070202' },
  { id: 7, indexes: [2, 0], bytes: '0000000007040400' },
  { id: 7, indexes: [200], bytes: '0000000007029003' },
])('the frame of schema $id, message $indexes', ({ id, indexes, bytes }) => {
  const frame = frameOf(id, indexes)
  expect(frame.toString('hex')).toBe(bytes)
  expect(readFrame(Buffer.concat([frame, Buffer.from('x')]), indexes === undefined ? 'AVRO' : 'PROTOBUF')).toEqual({
    schema: id,
    indexes: indexes ?? [],
    payloadAt: frame.length,
  })
})

test('a schema may be named by its GUID', () => {
  const bytes = Buffer.from(`01${'00112233445566778899aabbccddeeff'}7b`, 'hex')
  expect(readFrame(bytes, 'JSON')).toEqual({
    schema: '00112233-4455-6677-8899-aabbccddeeff',
    indexes: [],
    payloadAt: 17,
  })
})

test.each([
  '',
  '00',
  '02ffffffff',
  '01ff',
  '000000000702',
  '0000000007ffffffffffff',
  '000000000701',
  '0000000007feffffff0f',
])('%s is no frame', hex => {
  expect(() => readFrame(Buffer.from(hex, 'hex'), 'PROTOBUF')).toThrow(DataError)
})
