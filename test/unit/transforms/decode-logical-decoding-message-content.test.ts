import { expect, test } from 'vitest'
import { s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import definition from '../../../transforms/decode-logical-decoding-message-content.ts'

const valueSchema = s.struct(
  { op: s.string(), message: s.struct({ prefix: s.string(), content: s.bytes() }) },
  { name: 'io.debezium.connector.postgresql.MessageValue' },
)
const apply = (content: unknown, config: Readonly<Record<string, string>> = {}) =>
  definition
    .create(parseOrThrow(definition.config, config) as never, undefined as never, { originals: {} } as never)
    .apply({ topic: 't', valueSchema, value: { op: 'm', message: { prefix: 'p', content } } })

test.each([
  ['{"a": ', 'JSON'],
  ['[{"a": 1}]', 'only a JSON object can become a struct'],
  ['[]', 'only a JSON object'],
])('content that is no JSON object: %s', (text, message) => {
  expect(() => apply(Buffer.from(text))).toThrow(
    new RegExp(`^The content of a logical decoding message cannot be decoded: .*${message}`),
  )
})

test("content that is no JSON at all is told in Debezium's words", () => {
  expect(() => apply(Buffer.from('text'))).toThrow(
    "Unable to parse logical decoding message content JSON string 'text'",
  )
})

test('content as text says which setting makes bytes of it', () => {
  expect(() => apply('eyJhIjogMX0=')).toThrow(/non-binary\nSet binary\.handling\.mode=bytes/)
})

test('nulls become bytes where they are wanted', () => {
  const record = apply(Buffer.from('{"a": null}'), { 'fields.null.include': 'true' })!
  expect(record.valueSchema!.field('after')!.schema.field('a')!.schema).toMatchObject({ type: 'BYTES', optional: true })
  expect(record.value).toEqual({ op: 'c', after: { a: null } })
})
