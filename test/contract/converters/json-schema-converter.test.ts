import { afterAll, describe, expect, it } from 'vitest'
import { DataError, Decimal, decimalSchema, s } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import jsonSchema from '../../../runtime/converters/json-schema/json-schema-converter.ts'
import { converterContract } from '../../../runtime/testing/converter-contract.ts'
import { fakeRegistry } from '../../support/fakes/schema-registry.ts'

const registry = await fakeRegistry()
afterAll(() => registry.close())
const test = (title: string, run: () => Promise<void>) => it(title, run)

const orderFields = { id: s.int64(), note: s.string({ optional: true }), tags: s.array(s.string()) }
const order = s.struct(orderFields, { name: 'Order' })
const value = { id: 9007199254740993n, note: null, tags: ['é', ''] }

// A schema that the registry knows, before bytes that do not fit it.
const known = registry.add('other', {
  schema: '{"type":"object","properties":{"a":{"type":"integer"}}}',
  schemaType: 'JSON',
})
const avro = registry.add('other', { schema: '"int"' })
const framed = (id: number, text: string) => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), Buffer.from(text)])

describe('JsonSchemaConverter', () => {
  converterContract({
    test,
    converter: jsonSchema,
    config: { 'schema.registry.url': registry.url },
    values: [
      { schema: order, value, back: { schema: s.struct(orderFields, { name: 'Order', version: 1 }), value } },
      { schema: order, value: null, back: { schema: null, value: null } },
      { schema: s.string(), value: 'text', back: { schema: s.string({ version: 2 }), value: 'text' } },
    ],
    garbage: [
      Buffer.from([]),
      Buffer.from([7, 0, 0, 0, 1]),
      Buffer.from([0, 0, 0, 9, 9, 0x7b, 0x7d]),
      framed(avro, '{"a":1}'),
      framed(known, '{"a":'),
      framed(known, '{"a":"x"}'),
      framed(known, '[]'),
    ],
  })

  const converter = (props: Record<string, string> = {}) =>
    jsonSchema.create(
      parseOrThrow(jsonSchema.config, { 'schema.registry.url': registry.url, ...props }) as never,
      'value',
    )

  it('writes plain JSON behind the id', async () => {
    const made = converter()
    await made.prepare!({ topic: 'frames', schemas: [order, null] })
    const bytes = Buffer.from(made.encode('frames', order, value)!)
    expect(bytes[0]).toBe(0)
    expect(bytes.toString('utf8', 5)).toBe('{"id":9007199254740993,"note":null,"tags":["é",""]}')
    expect(() => made.encode('frames', null, { a: 1 })).toThrow(DataError)
  })

  it.each(['draft_7', 'draft_2019_09', 'draft_2020_12'])('checks payloads by %s when told to', async version => {
    const schema = '{"type":"object","properties":{"a":{"type":"integer","maximum":9}},"additionalProperties":false}'
    registry.add(`checked-${version}-value`, { schema, schemaType: 'JSON' })
    const struct = s.struct({ a: s.int64() })
    const made = converter({
      'auto.register.schemas': 'false',
      'use.latest.version': 'true',
      'latest.compatibility.strict': 'false',
      'json.fail.invalid.schema': 'true',
      'json.schema.spec.version': version,
    })
    const topic = `checked-${version}`
    await made.prepare!({ topic, schemas: [struct] })
    expect(Buffer.from(made.encode(topic, struct, { a: 9 })!).toString('utf8', 5)).toBe('{"a":9}')
    expect(() => made.encode(topic, struct, { a: 10 })).toThrow(/does not fit its JSON Schema: \/a must be <= 9/)
  })

  it.each(['BASE64', 'NUMERIC'])('writes %s Decimals that fit the schema it registers', async format => {
    const schema = s.struct({ price: decimalSchema(2), maybe: decimalSchema(0, { optional: true }) })
    const made = converter({ 'json.fail.invalid.schema': 'true', 'decimal.format': format })
    const record = { price: new Decimal(-1234n, 2), maybe: null }
    await made.prepare!({ topic: format, schemas: [schema] })
    const bytes = made.encode(format, schema, record)!
    await made.prepareDecode!({ topic: format, payloads: [bytes] })
    expect(made.decode(format, bytes).value).toEqual(record)
  })

  it('checks as draft 7 what names a later dialect, where that is asked for', async () => {
    const tuple = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { a: { type: 'integer' } },
      dependentRequired: { a: ['b'] },
    }
    registry.add('modern-value', { schema: JSON.stringify(tuple), schemaType: 'JSON' })
    const struct = s.struct({ a: s.int64() })
    const checked = (classic: string) =>
      converter({
        'auto.register.schemas': 'false',
        'use.latest.version': 'true',
        'latest.compatibility.strict': 'false',
        'json.fail.invalid.schema': 'true',
        'ignore.modern.dialects': classic,
      })
    const modern = checked('false')
    await modern.prepare!({ topic: 'modern', schemas: [struct] })
    expect(() => modern.encode('modern', struct, { a: 1 })).toThrow('does not fit its JSON Schema')
    const classic = checked('true')
    await classic.prepare!({ topic: 'modern', schemas: [struct] })
    expect(Buffer.from(classic.encode('modern', struct, { a: 1 })!).toString('utf8', 5)).toBe('{"a":1}')
  })

  it('says that it keeps no properties which a schema does not name', () => {
    expect(() => converter({ 'preserve.additional.properties': 'true' })).toThrow('preserve.additional.properties')
  })

  it('refuses the newest schema of the subject where it cannot read what is written', async () => {
    const schema = '{"type":"object","properties":{"id":{"type":"string"}}}'
    registry.add('latest-value', { schema, schemaType: 'JSON' })
    const strict = converter({ 'auto.register.schemas': 'false', 'use.latest.version': 'true' })
    await strict.prepare!({ topic: 'latest', schemas: [order] })
    expect(() => strict.encode('latest', order, value)).toThrow(/value\.id could be of type integer/)
  })
})
