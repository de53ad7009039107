import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../runtime/api/byte-writer.ts'
import { timestampSchema } from '../../../runtime/api/logical.ts'
import { s } from '../../../runtime/api/schema.ts'
import { protobufFormat } from '../../../runtime/converters/protobuf/protobuf-format.ts'
import { protobufDefaults } from '../../../runtime/converters/protobuf/settings.ts'
import { confluentClient } from './confluent-client.ts'
import { type Registry, startApicurio } from './registries.ts'

const { MILLRACE_APICURIO: apicurio, MILLRACE_PYTHON: python } = process.env

const order = s.struct(
  {
    id: s.int64(),
    small: s.int32(),
    price: s.float64(),
    paid: s.boolean(),
    note: s.string({ optional: true }),
    lines: s.array(s.struct({ name: s.string(), pieces: s.int32() }, { name: 'Line' })),
    labels: s.map(s.string(), s.int64()),
    at: timestampSchema(),
    mood: s.string({
      name: 'Mood',
      parameters: {
        'io.confluent.connect.protobuf.Enum': 'Mood',
        'io.confluent.connect.protobuf.Enum.NONE': '0',
        'io.confluent.connect.protobuf.Enum.GOOD': '5',
      },
    }),
  },
  { name: 'Order' },
)

const value = {
  id: 9007199254740993n,
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [
    { name: 'a', pieces: 1 },
    { name: '', pieces: 0 },
  ],
  labels: new Map([['x', 5]]),
  at: new Date('2024-02-29T12:00:00.250Z'),
  mood: 'GOOD',
}

// As Protobuf's JSON has it: 64-bit numbers are text, zeros are left out.
const json = {
  id: '9007199254740993',
  small: -7,
  price: 12.5,
  paid: true,
  note: 'Grüße',
  lines: [{ name: 'a', pieces: 1 }, {}],
  labels: [{ key: 'x', value: '5' }],
  at: '2024-02-29T12:00:00.250Z',
  mood: 'GOOD',
}

describe.skipIf(apicurio === undefined || python === undefined)(
  "Protobuf with Confluent's Python client and Apicurio Registry (npm run test:real brings them)",
  () => {
    let registry: Registry
    let client: ReturnType<typeof confluentClient>

    beforeAll(async () => {
      registry = await startApicurio(apicurio!)
      client = confluentClient(python!)
    })

    afterAll(async () => {
      await client?.close()
      await registry?.close()
    })

    const post = async (text: string): Promise<number> => {
      const answer = await fetch(`${registry.url}/subjects/orders-value/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schemaType: 'PROTOBUF', schema: text }),
      })
      expect(answer.status, await answer.clone().text()).toBe(200)
      return ((await answer.json()) as { id: number }).id
    }

    const textOf = async (id: number): Promise<string> =>
      ((await (await fetch(`${registry.url}/schemas/ids/${id}`)).json()) as { schema: string }).schema

    const format = protobufFormat(protobufDefaults)

    test('the registry takes our text, and the client reads our bytes', async () => {
      const writer = format.writer(order)
      const id = await post(writer.schema.text)
      expect(await textOf(id)).toBe(writer.schema.text)
      const out = new ByteWriter()
      out.writeBytes(Uint8Array.of(0, 0, 0, id >> 8, id & 255, 0))
      writer.encodeInto(out, value)
      const bytes = out.buf.subarray(0, out.pos)
      const { url } = registry
      const request = {
        format: 'PROTOBUF',
        url,
        topic: 'orders',
        schema: writer.schema.text,
        message: 'Order',
      } as const
      expect(await client.decode({ ...request, bytes })).toEqual(json)
    })

    test('we read what the client registers and writes', async () => {
      // The client knows each full name once.
      const schema = format.writer(order.with({ name: 'others.Order' })).schema.text
      const request = { format: 'PROTOBUF', url: registry.url, topic: 'others', schema, message: 'Order' } as const
      const bytes = await client.encode({ ...request, value: json })
      expect([...bytes.subarray(0, 1), bytes[5]]).toEqual([0, 0])
      const text = await textOf(bytes.readInt32BE(1))
      const reader = format.reader({ type: 'PROTOBUF', text, references: [], resolved: new Map() }, 1, [0])
      expect(reader.decode(bytes.subarray(6)).value).toEqual(value)
    })
  },
)
