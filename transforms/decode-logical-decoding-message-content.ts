import { c, DataError, defineTransform, type Schema, s } from 'millrace'
import { expandJson } from './json-payload.ts'
import type { Members } from './sides.ts'

const javaClass = 'io.debezium.DebeziumException'

const messageSchema = (after?: Schema): Schema =>
  s.struct(
    {
      op: s.string(),
      ts_ms: s.int64({ optional: true }),
      ...(after === undefined
        ? { message: s.struct({ prefix: s.string({ optional: true }), content: s.bytes({ optional: true }) }) }
        : { after }),
    },
    { name: `io.debezium.connector.postgresql.MessageValue${after === undefined ? '' : '.Envelope'}` },
  )

export default defineTransform({
  class: 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
  version: '0.1.0',
  doc: 'Makes an event of a created row out of a logical decoding message whose content is a JSON object: the object is its state `after`. With the outbox event router behind it, pg_logical_emit_message does without a table.',
  config: {
    'fields.null.include': c.boolean('Whether members that are null become fields, of optional bytes.', {
      default: false,
      importance: 'MEDIUM',
    }),
  },
  examples: [
    {
      title: 'makes a row of the content',
      config: {},
      input: {
        keySchema: s.struct({ prefix: s.string() }),
        key: { prefix: 'order' },
        valueSchema: messageSchema(),
        value: {
          op: 'm',
          ts_ms: 1,
          message: { prefix: 'order', content: Buffer.from('{"id": 7, "note": null, "to": {"town": "Ulm"}}') },
        },
      },
      output: {
        keySchema: null,
        key: null,
        valueSchema: messageSchema(
          s.struct(
            {
              id: s.int32({ optional: true }),
              to: s.struct({ town: s.string({ optional: true }) }, { name: 'to', optional: true }),
            },
            { optional: true },
          ),
        ),
        value: { op: 'c', ts_ms: 1, after: { id: 7, to: { town: 'Ulm' } } },
      },
    },
    { title: 'passes what is no message', config: {}, input: { value: { id: 1 } }, output: { value: { id: 1 } } },
  ],
  create({ fieldsNullInclude }) {
    const options = { nulls: fieldsNullInclude ? 'optional_bytes' : 'ignore', emptyArrays: 'ignore' } as const
    return {
      apply(record) {
        const { valueSchema, value } = record
        if (valueSchema?.name !== 'io.debezium.connector.postgresql.MessageValue') return record
        const event = value as Members
        const content = (event['message'] as Members | null)?.['content']
        if (!(content instanceof Uint8Array))
          throw new DataError(
            'The content of a logical decoding message is non-binary\nSet binary.handling.mode=bytes on the connector',
            { javaClass },
          )
        const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8')
        const { schema: row, value: after } = rowOf(text, options)
        const kept = valueSchema.fields.filter(({ name }) => name !== 'message')
        const schema = s.struct([...kept.map(({ name, schema: own }) => [name, own] as const), ['after', row]], {
          name: `${valueSchema.name}.Envelope`,
        })
        const members = Object.fromEntries(kept.map(({ name }) => [name, name === 'op' ? 'c' : (event[name] ?? null)]))
        return { ...record, keySchema: null, key: null, valueSchema: schema, value: { ...members, after } }
      },
    }
  },
})

const rowOf = (text: string, options: Parameters<typeof expandJson>[2]): ReturnType<typeof expandJson> => {
  if (!/^[[{]/.test(text))
    throw new DataError(`Unable to parse logical decoding message content JSON string '${text}'`, { javaClass })
  try {
    return expandJson(undefined, text, options)
  } catch (error) {
    throw new DataError(`The content of a logical decoding message cannot be decoded: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
