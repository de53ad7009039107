import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, DataError, RetriableError } from '../../../../runtime/api/errors.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { parseOrThrow } from '../../../../runtime/config/parse.ts'
import type { SchemaFormat } from '../../../../runtime/converters/registry/format.ts'
import { registryConverter } from '../../../../runtime/converters/registry/registry-converter.ts'
import { type RegistryConfig, registrySpec } from '../../../../runtime/converters/registry/settings.ts'
import { type FakeRegistry, fakeRegistry } from '../../../support/fakes/schema-registry.ts'

let registry: FakeRegistry
beforeEach(async () => {
  registry = await fakeRegistry()
})
afterEach(() => registry.close())

const nameOf = (schema: Schema | null) => schema?.name ?? 'none'

/** Writes `name=value` under the name of the schema, or of the registered one. */
const format: SchemaFormat = {
  type: 'AVRO',
  writer: schema => ({
    schema: { type: 'AVRO', text: JSON.stringify(nameOf(schema)), references: [] },
    recordName: schema?.name,
    encodeInto: (out, value) => out.writeText(`${nameOf(schema)}=${value}`),
  }),
  writerAs: (registered, schema) => ({
    ...format.writer(schema),
    encodeInto: (out, value) => out.writeText(`${registered.text}=${value}`),
  }),
  reader: (registered, version) => ({
    decode: payload => ({
      schema: s.string({ name: JSON.parse(registered.text), ...(version !== undefined && { version }) }),
      value: Buffer.from(payload).toString(),
    }),
  }),
  recordName: ({ text }) => JSON.parse(text) as string,
  incompatibility: (reader, writer) =>
    JSON.parse(reader.text) === 'other' ? `${reader.text} cannot read ${writer.text}` : undefined,
}

const converter = (props: Readonly<Record<string, string>> = {}, use: 'key' | 'value' = 'value') => {
  const given = { 'schema.registry.url': registry.url, 'retries.wait.ms': '1', ...props }
  return registryConverter(format, parseOrThrow(registrySpec, given) as unknown as RegistryConfig, use)
}
const schema = s.string({ name: 'a' })
const frame = (id: number, text: string) => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), Buffer.from(text)])
const asked = () => registry.asked.splice(0).map(({ what }) => what)
const encoded = async (one: ReturnType<typeof converter>, schema: Schema | null, value: unknown) => {
  await one.prepare!({ topic: 't', schemas: [schema] })
  const bytes = one.encode('t', schema, value)
  return bytes === null ? null : Buffer.from(bytes)
}

describe('writing', () => {
  test('registers a schema once for a topic, and says its id before each payload', async () => {
    const one = converter()
    expect(await encoded(one, schema, 'x')).toEqual(frame(1, 'a=x'))
    expect(await encoded(one, schema, 'y')).toEqual(frame(1, 'a=y'))
    expect(await encoded(one, s.string({ name: 'b' }), 'y')).toEqual(frame(2, 'b=y'))
    expect(asked()).toEqual(['POST /subjects/t-value/versions', 'POST /subjects/t-value/versions'])
    await converter({}, 'key').prepare!({ topic: 'ü/x', schemas: [schema] })
    expect(asked()).toEqual([`POST /subjects/${encodeURIComponent('ü/x-key')}/versions`])
  })

  test('null is null, without a word to the registry', async () => {
    expect(converter().encode('t', schema, null)).toBeNull()
    expect(asked()).toEqual([])
  })

  test.each([
    { strategy: 'RecordNameStrategy', subject: 'a' },
    { strategy: 'io.confluent.kafka.serializers.subject.TopicRecordNameStrategy', subject: 't-a' },
    { strategy: 'AssociatedNameStrategy', subject: 't-value' },
  ])('$strategy', async ({ strategy, subject }) => {
    await encoded(converter({ 'value.subject.name.strategy': strategy }), schema, 'x')
    expect(asked()).toEqual([`POST /subjects/${subject}/versions`])
  })

  test('a schema without a name is refused where a name is needed', async () => {
    const one = converter({ 'value.subject.name.strategy': 'RecordNameStrategy' })
    await expect(encoded(one, s.string(), 'x')).rejects.toThrow('RecordNameStrategy needs schemas with a name')
    expect(() => converter({ 'value.subject.name.strategy': 'Mine' })).toThrow(ConfigError)
  })

  test('without registering the schema must be there', async () => {
    const one = converter({ 'auto.register.schemas': 'false', 'normalize.schemas': 'true' })
    await expect(encoded(one, schema, 'x')).rejects.toThrow(DataError)
    expect(asked()).toEqual(['POST /subjects/t-value?normalize=true'])
    registry.add('t-value', { schema: '"a"' })
    expect(await encoded(converter({ 'auto.register.schemas': 'false' }), schema, 'x')).toEqual(frame(1, 'a=x'))
  })

  test('the newest schema of the subject, or that of an id, where it can read the own one', async () => {
    registry.add('t-value', { schema: '"first"' })
    registry.add('t-value', { schema: '"second"' })
    const latest = { 'auto.register.schemas': 'false', 'use.latest.version': 'true' }
    expect(await encoded(converter(latest), schema, 'x')).toEqual(frame(2, '"second"=x'))
    const byId = { 'auto.register.schemas': 'false', 'use.schema.id': '1' }
    expect(await encoded(converter(byId), schema, 'x')).toEqual(frame(1, '"first"=x'))
    registry.add('t-value', { schema: '"other"' })
    await expect(encoded(converter(latest), schema, 'x')).rejects.toThrow('"other" cannot read "a"')
    expect(await encoded(converter({ ...latest, 'latest.compatibility.strict': 'false' }), schema, 'x')).toEqual(
      frame(3, '"other"=x'),
    )
  })

  test.each([{ 'use.latest.version': 'true' }, { 'use.schema.id': '1' }, {}])(
    'rules that would have to run refuse the schema under %o',
    async props => {
      const ruleSet = { domainRules: [{ name: 'checked', type: 'CEL', mode: 'WRITE' }] }
      registry.trouble = () => ({ status: 200, body: { schema: '"a"', id: 1, version: 1, ruleSet } })
      const one = converter({ 'auto.register.schemas': 'false', ...(props as Record<string, string>) })
      await expect(encoded(one, schema, 'x')).rejects.toThrow('has the rule checked of type CEL for writing')
    },
  )

  test('a newest schema is asked for again when its time is over', async () => {
    registry.add('t-value', { schema: '"first"' })
    const one = converter({
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.cache.ttl.sec': '0',
    })
    await encoded(one, schema, 'x')
    registry.add('t-value', { schema: '"second"' })
    expect(await encoded(one, schema, 'x')).toEqual(frame(2, '"second"=x'))
  })

  test('an incompatible schema fails its own records only', async () => {
    registry.trouble = what =>
      what.includes('/versions')
        ? { status: 409, body: { error_code: 409, message: 'incompatible: field f' } }
        : undefined
    const one = converter()
    await one.prepare!({ topic: 't', schemas: [schema] })
    expect(() => one.encode('t', schema, 'x')).toThrow('was not registered: incompatible: field f (409)')
  })

  test('trouble that may pass is tried again, then may be tried by others', async () => {
    let times = 0
    registry.trouble = () => (times++ < 2 ? { status: 503, body: 'busy' } : undefined)
    expect(await encoded(converter(), schema, 'x')).toEqual(frame(1, 'a=x'))
    expect(asked()).toHaveLength(3)
    registry.trouble = () => ({ status: 500, body: '{}' })
    await expect(encoded(converter({ 'max.retries': '1' }), schema, 'x')).rejects.toThrow(RetriableError)
    expect(asked()).toHaveLength(2)
  })
})

describe('the registry', () => {
  test('of several addresses the one that answers is asked', async () => {
    const dead = await fakeRegistry()
    await dead.close()
    const one = converter({ 'schema.registry.url': `${dead.url},${registry.url}/` })
    expect(await encoded(one, schema, 'x')).toEqual(frame(1, 'a=x'))
  })

  test.each([
    { props: { 'basic.auth.credentials.source': 'USER_INFO', 'basic.auth.user.info': 'u:p' }, says: 'Basic dTpw' },
    {
      props: { 'basic.auth.credentials.source': 'USER_INFO', 'schema.registry.basic.auth.user.info': 'u:p' },
      says: 'Basic dTpw',
    },
    { props: { 'bearer.auth.token': 'abc' }, says: 'Bearer abc' },
    { props: {}, says: undefined },
  ])('is told who asks: $says', async ({ props, says }) => {
    await encoded(converter(props as Record<string, string>), schema, 'x')
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual([says])
  })

  test('credentials may be in its address', async () => {
    const one = converter({ 'schema.registry.url': registry.url.replace('//', '//u:p%40@') })
    await encoded(one, schema, 'x')
    expect(registry.asked[0]!.authorization).toBe(`Basic ${Buffer.from('u:p@').toString('base64')}`)
  })

  test('that refuses access ends the task in words, not as a bad record', async () => {
    registry.trouble = () => ({ status: 401, body: { error_code: 401, message: 'who are you' } })
    await expect(encoded(converter({ 'basic.auth.user.info': 'u:s3cret' }), schema, 'x')).rejects.toThrow(ConfigError)
  })

  test.each(['localhost:8081', 'ftp://x', ' '])('has an address, not %s', url => {
    expect(() => converter({ 'schema.registry.url': url })).toThrow('schema.registry.url')
  })
})

describe('settings that would change what is written or read', () => {
  test.each([
    { 'value.schema.id.serializer': 'io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer' },
    { 'key.schema.id.deserializer': 'ConfigSchemaIdDeserializer' },
    { 'use.latest.with.metadata': 'a=b' },
    { 'use.schema.guid': '6e1b8fa5-7c79-4a0e-9b1c-0e3f5b1a2c3d' },
    { 'context.name.strategy': 'com.example.Mine' },
    { 'rule.executors': 'encryptRule' },
  ])('are refused: $0', props => {
    const key = Object.keys(props)[0]!
    expect(() =>
      converter(props as unknown as Record<string, string>, key.startsWith('key') ? 'key' : 'value'),
    ).toThrow(key)
  })

  test('and are taken where they say what is done anyway', () => {
    converter({
      'value.schema.id.serializer': 'io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer',
      'context.name.strategy': 'io.confluent.kafka.serializers.context.NullContextNameStrategy',
    })
  })
})

describe('reading', () => {
  const decoded = async (one: ReturnType<typeof converter>, bytes: Uint8Array) => {
    await one.prepareDecode!({ topic: 't', payloads: [bytes] })
    return one.decode('t', bytes)
  }

  test('asks for each schema once; its version is that in the subject', async () => {
    registry.add('t-value', { schema: '"z"' })
    registry.add('t-value', { schema: '"a"' })
    const one = converter()
    const { schema, value } = await decoded(one, frame(2, 'x'))
    expect([schema!.name, schema!.version, value]).toEqual(['a', 2, 'x'])
    await decoded(one, frame(2, 'y'))
    expect(asked()).toEqual(['GET /schemas/ids/2?fetchMaxId=false', 'POST /subjects/t-value'])
    expect((await decoded(one, frame(1, 'y'))).schema!.name).toBe('z')
    expect(one.decode('t', frame(2, 'w')).schema!.name).toBe('a')
  })

  test('a schema that is not in the subject has no version', async () => {
    registry.add('elsewhere', { schema: '"a"' })
    expect((await decoded(converter(), frame(1, 'x'))).schema!.version).toBeUndefined()
  })

  test('null is null', () => {
    expect(converter().decode('t', null)).toEqual({ schema: null, value: null })
  })

  test.each([
    { bytes: [], says: 'Unknown magic byte' },
    { bytes: [123, 1], says: 'Unknown magic byte' },
    { bytes: [0, 0, 0], says: 'cannot hold the id' },
    { bytes: [0, 0, 0, 0, 9, 1], says: 'Schema 9 cannot be had: not found (40403)' },
  ])('$bytes fail as one record', async ({ bytes, says }) => {
    const failing = decoded(converter(), Uint8Array.from(bytes))
    await expect(failing).rejects.toThrow(DataError)
    await expect(failing).rejects.toThrow(says)
  })

  test('ids in headers: a GUID beside a payload as it is', async () => {
    const guid = '00112233-4455-6677-8899-aabbccddeeff'
    registry.trouble = what =>
      what === `GET /schemas/guids/${guid}` ? { status: 200, body: { schema: '"a"' } } : undefined
    const value = Buffer.from(`01${guid.replaceAll('-', '')}`, 'hex')
    const bytes = Buffer.from('\0x')
    const read = async (one: ReturnType<typeof converter>, key: string) => {
      const headers = [
        { key, value: Buffer.from('wrong') },
        { key, value },
        { key: 'other', value: null },
      ]
      await one.prepareDecode!({ topic: 't', payloads: [bytes], headers: () => headers })
      return [one.decode('t', bytes, headers), one.decode('t', bytes, headers)].map(({ value }) => value)
    }
    expect(await read(converter(), '__value_schema_id')).toEqual(['\0x', '\0x'])
    expect(await read(converter({}, 'key'), '__key_schema_id')).toEqual(['\0x', '\0x'])
    await expect(read(converter(), '__key_schema_id')).rejects.toThrow('2 bytes cannot hold the id')
    const prefixed = converter({ 'value.schema.id.deserializer': 'PrefixSchemaIdDeserializer' })
    await expect(read(prefixed, '__value_schema_id')).rejects.toThrow('2 bytes cannot hold the id')
    expect([converter().readsHeaders, prefixed.readsHeaders]).toEqual([true, false])
  })

  test.each([
    { rule: { mode: 'READ' }, fails: true },
    { rule: { mode: 'WRITEREAD', onFailure: 'NONE,ERROR' }, fails: true },
    { rule: { mode: 'WRITEREAD', onFailure: 'ERROR,NONE' }, fails: false },
    { rule: { mode: 'READ', onFailure: 'NONE' }, fails: false },
    { rule: { mode: 'READ', disabled: true }, fails: false },
    { rule: { mode: 'WRITE' }, fails: false },
  ])('rules that would have to run refuse the schema: $rule', async ({ rule, fails }) => {
    const ruleSet = { domainRules: null, encodingRules: [{ name: 'secret', type: 'ENCRYPT', ...rule }] }
    registry.trouble = what => (what.startsWith('GET') ? { status: 200, body: { schema: '"a"', ruleSet } } : undefined)
    const reading = decoded(converter(), frame(1, 'x'))
    if (fails) await expect(reading).rejects.toThrow('has the rule secret of type ENCRYPT for reading')
    else expect((await reading).value).toBe('x')
  })

  test('a schema of another format is named', async () => {
    registry.add('t-value', { schema: 'syntax', schemaType: 'PROTOBUF' })
    await expect(decoded(converter(), frame(1, 'x'))).rejects.toThrow('Schema 1 is of type PROTOBUF')
  })

  test('more schemas than are kept may be in one batch', async () => {
    const one = converter()
    const schemas = Array.from({ length: 1100 }, (_, n) => s.string({ name: `n${n}` }))
    await one.prepare!({ topic: 't', schemas })
    expect(one.encode('t', schemas[0]!, 'x')).not.toBeNull()
    await one.prepare!({ topic: 't', schemas: [schema] })
    expect(() => one.encode('t', schemas[0]!, 'x')).toThrow('was not asked')
    expect(one.encode('t', schemas[1099]!, 'x')).not.toBeNull()
    const small = converter({ 'max.schemas.per.subject': '2' })
    for (const each of schemas.slice(0, 3)) await small.prepare!({ topic: 't', schemas: [each] })
    expect(() => small.encode('t', schemas[0]!, 'x')).toThrow('was not asked')
    expect(small.encode('t', schemas[1]!, 'x')).not.toBeNull()
  })

  test('a schema that cannot be read is read once', async () => {
    registry.add('t-value', { schema: '"a"' })
    let read = 0
    const broken: SchemaFormat = {
      ...format,
      reader() {
        read++
        throw new DataError('no')
      },
    }
    const given = parseOrThrow(registrySpec, { 'schema.registry.url': registry.url }) as unknown as RegistryConfig
    const one = registryConverter(broken, given, 'value')
    await one.prepareDecode!({ topic: 't', payloads: [frame(1, 'x')] })
    for (const text of ['x', 'y']) expect(() => one.decode('t', frame(1, text))).toThrow('no')
    expect(read).toBe(1)
  })

  test('what a schema refers to is had too, what is needed first before', async () => {
    registry.add('base', { schema: '"base"' })
    registry.add('mid', { schema: '"mid"', references: [{ name: 'b', subject: 'base', version: 1 }] })
    registry.add('t-value', { schema: '"top"', references: [{ name: 'm', subject: 'mid', version: 1 }] })
    let seen: unknown
    const watching: SchemaFormat = {
      ...format,
      reader: (registered, version) => {
        seen = [...registered.resolved]
        return format.reader(registered, version)
      },
    }
    const given = parseOrThrow(registrySpec, { 'schema.registry.url': registry.url }) as unknown as RegistryConfig
    await decoded(registryConverter(watching, given, 'value'), frame(3, 'x'))
    expect(seen).toEqual([
      ['b', '"base"'],
      ['m', '"mid"'],
    ])
  })
})
