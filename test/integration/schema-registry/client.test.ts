import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RegistryServer, startSchemaRegistry } from '../../../runtime/schema-registry/server.ts'
import { memoryStore } from '../../../runtime/schema-registry/store.ts'

let server: RegistryServer
beforeEach(async () => {
  server = await startSchemaRegistry({ store: memoryStore() })
})
afterEach(() => server.close())

test('a client of others registers, looks up and reads back', async () => {
  const client = new SchemaRegistry({ host: server.url })
  const texts = {
    [SchemaType.AVRO]: '{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":"string"}]}',
    [SchemaType.JSON]: '{"type":"object","properties":{"a":{"type":"string"}}}',
    [SchemaType.PROTOBUF]: 'syntax = "proto3"; message R { string a = 1; }',
  } as const
  for (const [type, schema] of Object.entries(texts)) {
    const subject = `subject-${type}`
    const { id } = await client.register({ type: type as SchemaType, schema } as never, { subject })
    expect(await client.getLatestSchemaId(subject)).toBe(id)
    const other = new SchemaRegistry({ host: server.url })
    expect(await other.decode(await client.encode(id, { a: 'x' }))).toMatchObject({ a: 'x' })
  }
})
