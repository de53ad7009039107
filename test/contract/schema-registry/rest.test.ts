import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RegistryServer, startSchemaRegistry } from '../../../runtime/schema-registry/server.ts'
import { memoryStore } from '../../../runtime/schema-registry/store.ts'
import { recordingLog } from '../../support/fakes/log.ts'

let server: RegistryServer
beforeEach(async () => {
  server = await startSchemaRegistry({ store: memoryStore(), version: '1.2.3', log: recordingLog() })
})
afterEach(() => server.close())

const call = async (method: string, path: string, body?: unknown): Promise<readonly [number, unknown]> => {
  const answer = await fetch(server.url + path, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    }),
  })
  const text = await answer.text()
  expect(answer.headers.get('content-type')).toContain('application/vnd.schemaregistry.v1+json')
  try {
    return [answer.status, JSON.parse(text)]
  } catch {
    return [answer.status, text]
  }
}

const avro = (...fields: readonly object[]) => ({ schema: JSON.stringify({ type: 'record', name: 'R', fields }) })
const a = { name: 'a', type: 'string' }
const b = { name: 'b', type: 'int' }
const bOr = { name: 'b', type: 'int', default: 0 }
const refused = (status: number, code: number, message: RegExp | string = /./) => [
  status,
  { error_code: code, message: typeof message === 'string' ? message : expect.stringMatching(message) },
]
const post = (subject: string, body: unknown) => call('POST', `/subjects/${subject}/versions`, body)

test('equal schemas have one id, over subjects and blanks', async () => {
  expect(await post('s', avro(a))).toEqual([200, { id: 1, version: 1, guid: expect.stringMatching(/^[0-9a-f-]{36}$/) }])
  expect(await post('s', { schema: JSON.stringify(JSON.parse(avro(a).schema), null, 2) })).toMatchObject([
    200,
    { id: 1, version: 1 },
  ])
  expect(await post('other', avro(a))).toMatchObject([200, { id: 1, version: 1 }])
  expect(await post('s', avro(a, bOr))).toMatchObject([200, { id: 2, version: 2 }])
  expect(await call('GET', '/subjects')).toEqual([200, ['other', 's']])
  expect(await call('GET', '/subjects?subjectPrefix=o')).toEqual([200, ['other']])
  expect(await call('GET', '/subjects/s/versions')).toEqual([200, [1, 2]])
  expect(await call('GET', '/schemas/ids/1/subjects')).toEqual([200, ['other', 's']])
  expect(await call('GET', '/schemas/ids/2/versions')).toEqual([200, [{ subject: 's', version: 2 }]])
})

test('a schema is found by id, GUID, version and content', async () => {
  const schema = avro(a).schema
  const inPath = encodeURIComponent('a/b')
  const [, { guid }] = (await post(inPath, avro(a))) as [number, { guid: string }]
  expect(await call('GET', '/schemas/ids/1')).toEqual([200, { schema, guid }])
  expect(await call('GET', '/schemas/ids/1?fetchMaxId=true&subject=s')).toEqual([200, { schema, guid, maxId: 1 }])
  expect(await call('GET', '/schemas/ids/1/schema')).toEqual([200, JSON.parse(schema)])
  expect(await call('GET', `/schemas/guids/${guid}`)).toEqual([200, { schema, guid }])
  const version = { subject: 'a/b', version: 1, id: 1, guid, schema }
  for (const id of ['1', 'latest', '-1'])
    expect(await call('GET', `/subjects/${inPath}/versions/${id}`)).toEqual([200, version])
  expect(await call('GET', `/subjects/${inPath}/versions/1/schema`)).toEqual([200, JSON.parse(schema)])
  expect(await call('POST', `/subjects/${inPath}`, avro(a))).toEqual([200, version])
  expect(await call('GET', '/schemas?latestOnly=true')).toEqual([200, [version]])
})

test('many who register the same at once get one id', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(`s${n % 4}`, avro(a, bOr))))
  expect(new Set(answers.map(([status, body]) => `${status} ${(body as { id: number }).id}`))).toEqual(
    new Set(['200 1']),
  )
  const different = await Promise.all(
    Array.from({ length: 20 }, (_, n) => post(`t${n}`, { schema: `{"type":"fixed","name":"F${n}","size":1}` })),
  )
  expect(new Set(different.map(([, body]) => (body as { id: number }).id)).size).toBe(20)
})

test('texts that say the same have one id: the order of members in Avro, comments in Protobuf', async () => {
  await post('s', avro(a))
  const other = '{"fields":[{"type":{"type":"string"},"name":"a","order":"ascending"}],"name":"R","type":"record"}'
  expect(await post('s', { schema: other })).toMatchObject([200, { id: 1, version: 1 }])
  expect(await call('POST', '/subjects/s', { schema: other })).toMatchObject([200, { id: 1, schema: avro(a).schema }])
  const proto = 'syntax = "proto3";\n\n// What a row is\nmessage R {\n  string a = 1; /* its name */\n}\n'
  expect(await post('p', { schemaType: 'PROTOBUF', schema: proto })).toMatchObject([200, { id: 2 }])
  const bare = 'syntax = "proto3";\nmessage R { string a = 1; }'
  expect(await call('POST', '/subjects/p', { schemaType: 'PROTOBUF', schema: bare })).toMatchObject([
    200,
    { id: 2, schema: proto },
  ])
  const strange = 'syntax = "proto3";\nmessage R { string a = 1 [json_name = "// a"]; }'
  expect(await post('p', { schemaType: 'PROTOBUF', schema: strange })).toMatchObject([200, { id: 3 }])
})

test('what is not there has codes of its own', async () => {
  expect(await call('GET', '/subjects/s/versions')).toEqual(refused(404, 40401, "Subject 's' not found."))
  await post('s', avro(a))
  expect(await call('GET', '/subjects/s/versions/7')).toEqual(refused(404, 40402, 'Version 7 not found.'))
  expect(await call('GET', '/subjects/s/versions/zero')).toEqual(refused(422, 42202))
  expect(await call('GET', '/schemas/ids/9')).toEqual(refused(404, 40403, 'Schema 9 not found'))
  expect(await call('GET', '/schemas/guids/00000000-0000-0000-0000-000000000000')).toEqual(refused(404, 40403))
  expect(await call('POST', '/subjects/s', avro(b))).toEqual(refused(404, 40403, 'Schema not found'))
  expect(await call('POST', '/subjects/none', avro(b))).toEqual(refused(404, 40401))
  expect(await call('GET', '/nothing')).toEqual(refused(404, 404))
})

test('a schema that is not valid is refused', async () => {
  for (const body of [
    {},
    { schema: '' },
    { schema: '{' },
    { schema: '{"type":"record"}' },
    { schema: 'message M {', schemaType: 'PROTOBUF' },
    { schema: '"int"', schemaType: 'THRIFT' },
    { schema: '"int"', references: [{ name: 'x' }] },
    { schema: '"int"', ruleSet: { domainRules: [] } },
  ])
    expect(await post('s', body)).toEqual(refused(422, 42201))
  expect(await post('s', [])).toEqual(refused(400, 400))
  expect(await call('GET', '/subjects')).toEqual([200, []])
})

test('an incompatible schema is refused, by the level of the subject', async () => {
  await post('s', avro(a))
  expect(await post('s', avro(a, b))).toEqual(refused(409, 40901, /field b is new and has no default/))
  expect(await call('POST', '/compatibility/subjects/s/versions/latest?verbose=true', avro(a, b))).toMatchObject([
    200,
    { is_compatible: false, messages: [expect.stringContaining('field b')] },
  ])
  expect(await call('POST', '/compatibility/subjects/s/versions', avro(a, bOr))).toEqual([200, { is_compatible: true }])
  const broken = { schema: '{"type":"record"}' }
  expect(await call('POST', '/compatibility/subjects/s/versions/latest', broken)).toEqual(refused(422, 42201))
  expect(await call('POST', '/compatibility/subjects/s/versions/latest?verbose=true', broken)).toMatchObject([
    200,
    { is_compatible: false, messages: [expect.stringContaining('Invalid schema')] },
  ])
  for (const path of ['s/versions/9', 'new/versions/1'])
    expect(await call('POST', `/compatibility/subjects/${path}`, avro(b))).toEqual(refused(404, 40402))
  expect(await call('POST', '/compatibility/subjects/new/versions/latest', avro(b))).toEqual([
    200,
    { is_compatible: true },
  ])
  expect(await call('PUT', '/config/s', { compatibility: 'forward' })).toEqual([200, { compatibility: 'FORWARD' }])
  expect(await post('s', avro(a, b))).toMatchObject([200, { version: 2 }])
  expect(await post('s', avro(b))).toMatchObject([409, {}])
  await call('PUT', '/config/s', { compatibility: 'NONE' })
  expect(await post('s', { schema: '"int"' })).toMatchObject([200, { version: 3 }])
  expect(await call('DELETE', '/config/s')).toEqual([200, { compatibilityLevel: 'NONE' }])
  expect(await post('s', { schema: 'syntax="proto3"; message M {}', schemaType: 'PROTOBUF' })).toEqual(
    refused(409, 40901, /schema type AVRO/),
  )
})

test('a transitive level looks at all versions', async () => {
  await call('PUT', '/config', { compatibility: 'NONE' })
  await post('s', avro({ name: 'a', type: 'string' }))
  await post('s', avro(b))
  await call('PUT', '/config', { compatibility: 'BACKWARD' })
  expect(await call('POST', '/compatibility/subjects/s/versions', avro(b, { ...a, default: '' }))).toMatchObject([
    200,
    { is_compatible: true },
  ])
  await call('PUT', '/config', { compatibility: 'BACKWARD_TRANSITIVE' })
  expect(await call('POST', '/compatibility/subjects/s/versions', avro(b, { ...a, default: '' }))).toMatchObject([
    200,
    { is_compatible: false },
  ])
})

test('settings hold for all, or for a subject', async () => {
  expect(await call('GET', '/config')).toEqual([200, { compatibilityLevel: 'BACKWARD' }])
  expect(await call('GET', '/config/s')).toEqual(refused(404, 40408))
  expect(await call('GET', '/config/s?defaultToGlobal=true')).toEqual([200, { compatibilityLevel: 'BACKWARD' }])
  expect(await call('PUT', '/config', { compatibility: 'SOMETIMES' })).toEqual(refused(422, 42203))
  for (const compatibility of [
    'NONE',
    'BACKWARD',
    'BACKWARD_TRANSITIVE',
    'FORWARD',
    'FORWARD_TRANSITIVE',
    'FULL',
    'FULL_TRANSITIVE',
  ]) {
    expect(await call('PUT', '/config', { compatibility })).toEqual([200, { compatibility }])
    expect(await call('GET', '/config')).toEqual([200, { compatibilityLevel: compatibility }])
  }
  await call('PUT', '/config/s', { normalize: true })
  expect(await call('GET', '/config/s')).toEqual([200, { compatibilityLevel: 'FULL_TRANSITIVE', normalize: true }])
})

test('modes: read only, and import with given ids', async () => {
  expect(await call('GET', '/mode')).toEqual([200, { mode: 'READWRITE' }])
  expect(await call('GET', '/mode/s')).toEqual(refused(404, 40409))
  await post('r', avro(bOr))
  await call('PUT', '/mode/r', { mode: 'READONLY' })
  expect(await post('r', avro(bOr))).toMatchObject([200, { id: 1, version: 1 }])
  expect(await call('PUT', '/mode/s', { mode: 'READONLY' })).toEqual([200, { mode: 'READONLY' }])
  expect(await post('s', avro(a))).toEqual(refused(422, 42205, 'Subject s is in read-only mode'))
  expect(await call('DELETE', '/mode/s')).toEqual([200, { mode: 'READONLY' }])
  expect(await call('PUT', '/mode', { mode: 'SLEEP' })).toEqual(refused(422, 42204))
  expect(await post('s', { ...avro(a), id: 70 })).toEqual(refused(422, 42205, /not in import mode/))
  await call('PUT', '/mode/s', { mode: 'IMPORT' })
  expect(await post('s', { ...avro(a), id: 70, version: 5 })).toMatchObject([200, { id: 70, version: 5 }])
  expect(await post('s', { ...avro(b), id: 70 })).toEqual(refused(422, 42207))
  await call('DELETE', '/mode/s')
  expect(await post('t', avro(b))).toMatchObject([200, { id: 71, version: 1 }])
  expect(await call('PUT', '/mode/t', { mode: 'IMPORT' })).toEqual(refused(422, 42205))
  expect(await call('PUT', '/mode/t?force=true', { mode: 'IMPORT' })).toEqual([200, { mode: 'IMPORT' }])
})

test('deleting is first soft, then for good', async () => {
  await post('s', avro(a))
  await post('s', avro(a, bOr))
  expect(await call('DELETE', '/subjects/s?permanent=true')).toEqual(refused(404, 40405))
  expect(await call('DELETE', '/subjects/s/versions/2?permanent=true')).toEqual(refused(404, 40407))
  expect(await call('DELETE', '/subjects/s/versions/latest')).toEqual([200, 2])
  expect(await call('DELETE', '/subjects/s/versions/2')).toEqual(refused(404, 40406))
  expect(await call('GET', '/subjects/s/versions/latest')).toMatchObject([200, { version: 1 }])
  expect(await call('GET', '/subjects/s/versions?deleted=true')).toEqual([200, [1, 2]])
  expect(await call('DELETE', '/subjects/s')).toEqual([200, [1]])
  expect(await call('DELETE', '/subjects/s')).toEqual(refused(404, 40404))
  expect(await call('GET', '/subjects')).toEqual([200, []])
  expect(await call('GET', '/subjects?deleted=true')).toEqual([200, ['s']])
  expect(await call('GET', '/schemas/ids/1')).toMatchObject([200, {}])
  expect(await post('s', avro(a))).toMatchObject([200, { id: 1, version: 3 }])
  await call('DELETE', '/subjects/s')
  expect(await call('DELETE', '/subjects/s?permanent=true')).toEqual([200, [1, 2, 3]])
  expect(await call('GET', '/subjects?deleted=true')).toEqual([200, []])
  expect(await call('GET', '/schemas/ids/1')).toEqual(refused(404, 40403))
})

test('references are resolved, and what is referred to stays', async () => {
  const references = [{ name: 'R', subject: 's', version: 1 }]
  const user = { schema: '{"type":"array","items":"R"}', references }
  expect(await post('u', user)).toEqual(refused(422, 42201, /version 1 of s is not there/))
  await post('s', avro(a))
  expect(await post('u', user)).toMatchObject([200, { id: 2 }])
  expect(await call('GET', '/schemas/ids/2')).toMatchObject([200, { references }])
  expect(await call('GET', '/subjects/s/versions/1/referencedby')).toEqual([200, [2]])
  expect(await call('DELETE', '/subjects/s')).toEqual(refused(422, 42206))
  expect(await call('DELETE', '/subjects/s/versions/1')).toEqual(refused(422, 42206))
})

test('JSON Schemas: sorted when that is asked for, references by name, compatibility', async () => {
  const json = (schema: object, references: readonly object[] = []) => ({
    schemaType: 'JSON',
    schema: JSON.stringify(schema),
    references,
  })
  const one = json({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false })
  const other = json({ additionalProperties: false, properties: { a: { type: 'string' } }, type: 'object' })
  expect(await call('POST', '/subjects/j/versions?normalize=true', one)).toMatchObject([200, { id: 1 }])
  expect(await call('POST', '/subjects/j/versions?normalize=true', other)).toMatchObject([200, { id: 1 }])
  expect(await post('j', one)).toMatchObject([200, { id: 2, version: 2 }])
  expect(await call('GET', '/schemas/ids/1')).toMatchObject([200, { schemaType: 'JSON', schema: other.schema }])
  const narrowed = json({ type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false })
  expect(await post('j', narrowed)).toEqual(refused(409, 40901, /could be of type string/))
  const large = { schemaType: 'JSON', schema: '{ "type": "integer", "maximum": 9007199254740993 }' }
  await call('POST', '/subjects/l/versions?normalize=true', large)
  expect(await call('GET', '/subjects/l/versions/1')).toMatchObject([
    200,
    { schema: '{"maximum":9007199254740993,"type":"integer"}' },
  ])
  const references = [{ name: 'part.json', subject: 'j', version: 1 }]
  expect(await post('k', json({ type: 'array', items: { $ref: 'part.json' } }, references))).toMatchObject([200, {}])
  expect(await post('k', { schemaType: 'JSON', schema: 'no' })).toEqual(refused(422, 42201))
})

test('Protobuf: imports by path, compatibility', async () => {
  const proto = (schema: string, references: readonly object[] = []) => ({
    schemaType: 'PROTOBUF',
    schema: `syntax = "proto3"; ${schema}`,
    references,
  })
  expect(await post('p', proto('message P { string a = 1; }'))).toMatchObject([200, { id: 1 }])
  expect(await post('p', proto('message P { int32 a = 1; }'))).toMatchObject([409, {}])
  const references = [{ name: 'p.proto', subject: 'p', version: 1 }]
  expect(await post('q', proto('import "p.proto"; message Q { P p = 1; }', references))).toMatchObject([200, { id: 2 }])
  expect(await post('q', proto('import "p.proto"; message Q { P p = 1; }'))).toEqual(refused(422, 42201))
})

test('Protobuf: compiled, where a client asks for it', async () => {
  await post('p', { schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message P { string a = 1; }' })
  const compiled = { schema: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) }
  const [, { guid }] = (await call('GET', '/schemas/ids/1')) as [number, { guid: string }]
  for (const path of ['/schemas/ids/1', `/schemas/guids/${guid}`, '/subjects/p/versions/latest'])
    expect(await call('GET', `${path}?format=serialized`)).toMatchObject([200, compiled])
  expect(await call('GET', '/schemas/ids/1?format=toString')).toMatchObject([
    200,
    { schema: expect.stringContaining('syntax') },
  ])
})

test('it tells what it is', async () => {
  expect(await call('GET', '/')).toEqual([200, {}])
  expect(await call('GET', '/v1/metadata/id')).toEqual([200, { scope: { path: [], clusters: {} } }])
  expect(await call('GET', '/v1/metadata/version')).toEqual([200, { version: '1.2.3', commitId: '' }])
  expect(await call('GET', '/contexts')).toEqual([200, [':.:']])
  expect(await call('GET', '/schemas/types')).toEqual([200, ['AVRO', 'JSON', 'PROTOBUF']])
})

test('a store that fails is told, with the reason', async () => {
  const log = recordingLog()
  const broken = await startSchemaRegistry({
    store: { ...memoryStore(), sync: () => Promise.reject(new Error('the topic is gone')) },
    log,
  })
  try {
    const answer = await fetch(`${broken.url}/subjects`)
    expect([answer.status, await answer.json()]).toEqual(refused(500, 50001, /the topic is gone/))
    expect(log.lines).toMatchObject([{ level: 'error', details: { method: 'GET', url: '/subjects' } }])
  } finally {
    await broken.close()
  }
})

test('a record that cannot be read is told', async () => {
  const store = memoryStore()
  const log = recordingLog()
  await store.append([{ key: 'no key', value: null }])
  const registry = await startSchemaRegistry({ store, log })
  await registry.close()
  expect(log.lines).toMatchObject([{ level: 'warn', details: { key: 'no key' } }])
})

test('a body is UTF-8, with a byte order mark or without, or nothing is registered', async () => {
  const send = async (body: Buffer) =>
    (await fetch(`${server.url}/subjects/s/versions`, { method: 'POST', body: new Uint8Array(body) })).status
  const text = JSON.stringify({ schema: '{"type":"enum","name":"E","symbols":["A"],"doc":"ä"}' })
  expect(await send(Buffer.from(text, 'latin1'))).toBe(400)
  expect(await call('GET', '/subjects')).toEqual([200, []])
  expect(await send(Buffer.from(`\ufeff${text}`))).toBe(200)
})
