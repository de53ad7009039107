import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../../runtime/api/byte-writer.ts'
import { Decimal } from '../../../../runtime/api/decimal.ts'
import { isDataError } from '../../../../runtime/api/errors.ts'
import { dateSchema, decimalSchema, timestampSchema } from '../../../../runtime/api/logical.ts'
import { type Schema, s } from '../../../../runtime/api/schema.ts'
import { jsonSchemaIncompatibility } from '../../../../runtime/converters/json-schema/compatibility.ts'
import { SchemaDocument } from '../../../../runtime/converters/json-schema/document.ts'
import { jsonSchemaFormat } from '../../../../runtime/converters/json-schema/json-schema-format.ts'
import { type JsonSchemaSettings, jsonSchemaDefaults } from '../../../../runtime/converters/json-schema/settings.ts'
import type { ResolvedSchema } from '../../../../runtime/converters/registry/format.ts'

const formatOf = (settings: Partial<JsonSchemaSettings> = {}) =>
  jsonSchemaFormat({ ...jsonSchemaDefaults, ...settings })

const registered = (json: unknown, resolved: Readonly<Record<string, unknown>> = {}): ResolvedSchema => ({
  type: 'JSON',
  text: typeof json === 'string' ? json : JSON.stringify(json),
  references: [],
  resolved: new Map(Object.entries(resolved).map(([name, each]) => [name, JSON.stringify(each)])),
})

const textOf = (schema: Schema, settings: Partial<JsonSchemaSettings> = {}): string =>
  formatOf(settings).writer(schema).schema.text

const written = (schema: Schema, value: unknown, settings: Partial<JsonSchemaSettings> = {}): string => {
  const out = new ByteWriter(16)
  formatOf(settings).writer(schema).encodeInto(out, value)
  return out.buf.toString('utf8', 0, out.pos)
}

const schemaOf = (json: unknown, settings: Partial<JsonSchemaSettings> = {}, resolved = {}): Schema =>
  formatOf(settings).reader(registered(json, resolved), undefined).decode(Buffer.from('null')).schema!

const read = (json: unknown, payload: string, settings: Partial<JsonSchemaSettings> = {}, resolved = {}): unknown =>
  formatOf(settings).reader(registered(json, resolved), undefined).decode(Buffer.from(payload)).value

const nullable = (json: object) => ({ oneOf: [{ type: 'null' }, json] })

const errorOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    expect(isDataError(error)).toBe(true)
    return (error as Error).message
  }
  throw new Error('Nothing was thrown')
}

describe('schema text', () => {
  test('properties stand in the order of a Java HashMap, as in a text that Confluent registered', () => {
    const schema = s.struct({
      card_id: s.float64(),
      card_number: s.string(),
      cvv: s.string(),
      expiration_date: s.string(),
    })
    expect(textOf(schema)).toBe(
      '{"type":"object","properties":{"cvv":{"type":"string","connect.index":2},"card_number":{"type":"string","connect.index":1},"expiration_date":{"type":"string","connect.index":3},"card_id":{"type":"number","connect.index":0,"connect.type":"float64"}}}',
    )
  })

  test('optional structs, names and versions', () => {
    const row = s.struct({ val: s.string({ optional: true }), id: s.int32() }, { name: 'a.Value', optional: true })
    const time = s.int64({ name: 'io.debezium.time.Timestamp', version: 1, optional: true })
    expect(textOf(s.struct({ before: row, op: s.string(), at: time }, { name: 'a.Envelope', version: 1 }))).toBe(
      '{"type":"object","title":"a.Envelope","connect.version":1,"properties":{"op":{"type":"string","connect.index":1},"at":{"connect.index":2,"oneOf":[{"type":"null"},{"type":"integer","title":"io.debezium.time.Timestamp","connect.version":1,"connect.type":"int64"}]},"before":{"connect.index":0,"oneOf":[{"type":"null"},{"type":"object","title":"a.Value","properties":{"val":{"connect.index":0,"oneOf":[{"type":"null"},{"type":"string"}]},"id":{"type":"integer","connect.index":1,"connect.type":"int32"}}}]}}}',
    )
  })

  test('settings: closed objects; how records are read does not change what is written', () => {
    const schema = s.struct({ a: s.int64(), b: s.string({ optional: true }) })
    const text = textOf(schema, { openObjects: false })
    expect(JSON.parse(text)).toEqual({
      type: 'object',
      properties: {
        a: { type: 'integer', 'connect.index': 0, 'connect.type': 'int64' },
        b: { oneOf: [{ type: 'null' }, { type: 'string' }], 'connect.index': 1 },
      },
      additionalProperties: false,
    })
    expect(textOf(schema, { openObjects: false, optionalNonRequired: true })).toBe(text)
  })

  test.each([
    ['BASE64', 'string'],
    ['NUMERIC', 'number'],
  ] as const)('Decimals as %s are of type %s', (decimals, type) => {
    const schema = decimalSchema(2)
    expect(JSON.parse(textOf(schema, { decimals }))).toEqual({
      type,
      title: 'org.apache.kafka.connect.data.Decimal',
      'connect.type': 'bytes',
      'connect.version': 1,
      'connect.parameters': { scale: '2' },
    })
    const value = new Decimal(-12345n, 2)
    expect(read(textOf(schema, { decimals }), written(schema, value, { decimals }), { decimals })).toEqual(value)
  })

  test.each([
    [
      s.map(s.string(), s.int8()),
      '{"type":"object","connect.type":"map","additionalProperties":{"type":"integer","connect.type":"int8"}}',
    ],
    [s.array(s.boolean(), { doc: 'Flags' }), '{"type":"array","description":"Flags","items":{"type":"boolean"}}'],
    [s.string({ default: 'x' }), '{"type":"string","default":"x"}'],
    [s.bytes(), '{"type":"string","connect.type":"bytes"}'],
    [
      s.string({ parameters: { 'io.confluent.connect.json.Enum': '', 'io.confluent.connect.json.Enum.A': 'A' } }),
      '{"enum":["A"]}',
    ],
  ])('%#', (schema, text) => {
    expect(textOf(schema)).toBe(text)
  })
})

describe('values', () => {
  const every: readonly (readonly [string, Schema, unknown, string])[] = [
    ['large integer', s.int64(), 9007199254740993n, '9007199254740993'],
    ['smallest integer', s.int64(), -9223372036854775808n, '-9223372036854775808'],
    ['decimal', decimalSchema(2), new Decimal(12345678901234567890n, 2), '"AKtUqYzrHwrS"'],
    ['date', dateSchema(), new Date(86_400_000), '1'],
    ['timestamp', timestampSchema(), new Date(1234), '1234'],
    ['bytes', s.bytes(), Buffer.from([1, 2]), '"AQI="'],
    ['map of numbers', s.map(s.int32(), s.string()), new Map([[1, 'a']]), '[{"key":1,"value":"a"}]'],
    ['map of texts', s.map(s.string(), s.array(s.int8())), new Map([['a', [1]]]), '{"a":[1]}'],
    ['infinity', s.float64(), Number.POSITIVE_INFINITY, '"Infinity"'],
    ['null', s.struct({ a: s.string({ optional: true }) }), { a: null }, '{"a":null}'],
  ]
  test.each(every)('%s', (_, schema, value, json) => {
    expect(written(schema, value)).toBe(json)
    const { text } = formatOf().writer(schema).schema
    const back = formatOf().reader(registered(text), undefined).decode(Buffer.from(json))
    expect(back.schema).toBe(schema)
    expect(back.value).toEqual(value)
  })

  test('decimals as numbers, exactly', () => {
    const schema = decimalSchema(20)
    const value = Decimal.parse('1.23456789012345678901')
    expect(written(schema, value, { decimals: 'NUMERIC' })).toBe('1.23456789012345678901')
    expect(read(textOf(schema), '1.23456789012345678901')).toEqual(value)
  })

  test('a property that is not there is null where it need not be there', () => {
    const json = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } }, required: ['b'] }
    expect(read(json, '{"b":1}', { optionalNonRequired: true })).toEqual({ a: null, b: 1 })
    expect(errorOf(() => read(json, '{"b":1}'))).toBe(
      'value.a: nothing for a required STRING: set use.optional.for.nonrequired=true where properties may be missing',
    )
    expect(errorOf(() => read(json, '{"a":"x"}', { optionalNonRequired: true }))).toBe(
      'value.b: nothing for a required INT64',
    )
    expect(errorOf(() => read(json, '{"a":null,"b":1}'))).toBe('value.a: null for a required STRING')
  })

  test('errors name the place and the type', () => {
    const schema = s.struct({ rows: s.array(s.struct({ id: s.int32() })) }, { name: 'Order' })
    expect(errorOf(() => written(schema, { rows: [{ id: 'x' }] }))).toMatch(
      /^Order\.rows\[\]\.id: .*java\.lang\.String/,
    )
    expect(errorOf(() => written(schema, { rows: [{ id: null }] }))).toBe('Order.rows[].id: null for a required INT32')
    expect(errorOf(() => read(textOf(schema), '{"rows":[{"id":"x"}]}'))).toBe(
      'Order.rows[].id: JSON of type string does not fit schema type INT32',
    )
    expect(errorOf(() => read(textOf(schema), '{"rows":[{"id":2147483648}]}'))).toMatch(/Order\.rows\[\]\.id/)
    expect(errorOf(() => formatOf().writer(null))).toMatch(/without a schema/)
  })
})

describe('schemas of others', () => {
  test('types', () => {
    const json = {
      title: 'T',
      type: 'object',
      properties: {
        i: { type: 'integer' },
        n: { type: 'number' },
        d: { type: 'string', format: 'date' },
        l: nullable({ type: 'string' }),
        t: { type: ['string', 'null'] },
      },
    }
    const optional = s.string({ optional: true })
    const schema = formatOf().reader(registered(json), 3)
    expect(schema.decode(Buffer.from('{"i":1,"n":1.5,"d":"x"}'))).toEqual({
      schema: s.struct(
        { i: s.int64(), n: s.float64(), d: s.string(), l: optional, t: optional },
        { name: 'T', version: 3 },
      ),
      value: { i: 1, n: 1.5, d: 'x', l: null, t: null },
    })
  })

  test('alternatives become a struct, and are found again', () => {
    const a = { type: 'object', properties: { x: { type: 'integer' } } }
    const b = { type: 'object', properties: { x: { type: 'integer' }, y: { type: 'string' } } }
    const json = { type: 'object', properties: { u: { oneOf: [a, b, { type: 'string' }, { type: 'null' }] } } }
    const field = (index: number) => `io.confluent.connect.json.OneOf.field.${index}`
    const value = (payload: string) => (read(json, payload) as { u: unknown }).u
    expect(value('{"u":{"x":1}}')).toEqual({ [field(0)]: { x: 1 }, [field(1)]: null, [field(2)]: null })
    expect(value('{"u":{"x":1,"y":"z"}}')).toEqual({ [field(0)]: null, [field(1)]: { x: 1, y: 'z' }, [field(2)]: null })
    expect(value('{"u":"t"}')).toEqual({ [field(0)]: null, [field(1)]: null, [field(2)]: 't' })
    expect(value('{"u":null}')).toBeNull()
    expect(errorOf(() => value('{"u":true}'))).toMatch(/value\.u: JSON of type boolean/)
    const { schema } = formatOf().reader(registered(json), undefined).decode(Buffer.from('{"u":"t"}'))
    expect(written(schema!, { u: { [field(0)]: null, [field(1)]: null, [field(2)]: 't' } })).toBe('{"u":"t"}')
  })

  test('general unions and enums have the names and numbers that other formats know', () => {
    const general = 'org.apache.kafka.connect.data'
    const one = { oneOf: [{ type: 'string' }, { type: 'integer' }] }
    const json = { type: 'object', properties: { u: one, v: one, mood: { enum: ['SAD', 'OK', null] } } }
    const payload = '{"u":7,"v":"t","mood":"OK"}'
    const { schema: made } = formatOf({ sumTypes: true })
      .reader(registered(json), undefined)
      .decode(Buffer.from(payload))
    const schema = made!
    for (const [index, name] of ['u', 'v'].entries()) {
      const union = schema.field(name)!.schema
      expect([union.name, union.parameters]).toEqual([
        `connect_union_${index}`,
        { [`${general}.Union`]: `connect_union_${index}` },
      ])
      expect(union.fields.map(field => field.name)).toEqual(['connect_union_field_0', 'connect_union_field_1'])
    }
    const mood = schema.field('mood')!.schema
    expect(mood.parameters).toEqual({
      [`${general}.Enum`]: '',
      [`${general}.Enum.SAD`]: '0',
      [`${general}.Enum.OK`]: '1',
      [`${general}.Enum.<NULL>`]: '2',
    })
    expect(JSON.parse(textOf(mood, { sumTypes: true })).oneOf[1].enum).toEqual(['SAD', 'OK', null])
    const value = {
      u: { connect_union_field_0: null, connect_union_field_1: 7 },
      v: { connect_union_field_0: 't', connect_union_field_1: null },
      mood: 'OK',
    }
    expect(read(json, payload, { sumTypes: true })).toEqual(value)
    expect(written(schema, value, { sumTypes: true })).toBe(payload)
  })

  test('references: within the text, by name, and by pointer into another', () => {
    const other = {
      definitions: { City: { type: 'object', properties: { zip: { $ref: '#/$defs/Zip' } } } },
      $defs: { Zip: { type: 'integer' } },
    }
    const json = {
      type: 'object',
      definitions: { Id: { type: 'integer' } },
      properties: {
        id: { $ref: '#/definitions/Id' },
        city: { $ref: 'city.json#/definitions/City' },
        all: { allOf: [{ $ref: 'city.json#/definitions/City' }, { properties: { more: { type: 'boolean' } } }] },
      },
    }
    expect(read(json, '{"id":1,"city":{"zip":2},"all":{"zip":3,"more":true}}', {}, { 'city.json': other })).toEqual({
      id: 1,
      city: { zip: 2 },
      all: { zip: 3, more: true },
    })
    expect(errorOf(() => read(json, '{}'))).toMatch(/value\.city.*city\.json.*not among/)
  })

  test('what contains itself is refused by name', () => {
    const tree = { type: 'object', properties: { next: nullable({ $ref: '#' }) } }
    expect(errorOf(() => read(tree, '{}'))).toMatch(/value\.next: the schema contains itself/)
    expect(errorOf(() => read({ $ref: '#' }, '{}'))).toMatch(/leads back to itself/)
  })

  test('whole numbers are integers however they are written', () => {
    const json = { type: 'object', properties: { a: { type: 'integer' } } }
    expect(read(json, '{"a":1.0}')).toEqual({ a: 1 })
    expect(errorOf(() => read(json, '{"a":1.5}'))).toMatch(/value\.a: JSON of type number does not fit/)
    const money = s.struct({ a: s.int64(), d: decimalSchema(1) })
    const value = { a: 2, d: new Decimal(10n, 1) }
    expect(read(textOf(money), '{"a":2.0,"d":1.0}')).toEqual(value)
  })

  test('defaults keep all digits', () => {
    const schema = s.struct({ a: s.int64({ default: 9007199254740993n }) })
    expect(
      formatOf()
        .reader(registered(textOf(schema)), undefined)
        .decode(Buffer.from('{}')),
    ).toEqual({
      schema,
      value: { a: 9007199254740993n },
    })
  })

  test('enums, and defaults', () => {
    const json = { type: 'object', properties: { e: { type: 'string', enum: ['A', 'B'], default: 'A' } } }
    expect(read(json, '{}')).toEqual({ e: 'A' })
    expect(schemaOf({ ...json, type: ['object', 'null'] }).field('e')!.schema.parameters).toEqual({
      'io.confluent.connect.json.Enum': '',
      'io.confluent.connect.json.Enum.A': 'A',
      'io.confluent.connect.json.Enum.B': 'B',
    })
  })

  test.each([
    '',
    '{',
    '[]',
    'true',
    '{"type":"null"}',
    '{"type":"array"}',
    '{"type":5}',
    '{"properties":{"a":1},"type":"object"}',
  ])('%s is no schema for Connect', text => {
    errorOf(() => formatOf().reader(registered(text), undefined))
  })
})

describe('compatibility', () => {
  const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
  const why = (newer: unknown, older: unknown) => formatOf().incompatibility(registered(newer), registered(older))
  const [integer, number, text] = [{ type: 'integer' }, { type: 'number' }, { type: 'string' }]
  test.each([
    ['same', object({ a: text }), object({ a: text }), undefined],
    ['wider', object({ a: nullable(number) }), object({ a: integer }), undefined],
    ['another type', object({ a: integer }), object({ a: text }), /value\.a could be of type string/],
    ['no longer null', object({ a: text }), object({ a: nullable(text) }), /value\.a could be of type null/],
    ['newly required', object({ a: text }, { required: ['a'] }), object({ a: text }), /value\.a has become required/],
    ['closed', object({ a: text }, { additionalProperties: false }), object({ a: text }), /allowed other/],
    ['fewer symbols', { enum: ['A'] }, { enum: ['A', 'B'] }, /could be "B"/],
    [
      'newly required, with a default',
      object({ a: { ...text, default: 'x' } }, { required: ['a'] }),
      object({ a: text }),
      undefined,
    ],
    ['more properties', object({ a: text, b: integer }), object({ a: text }), undefined],
  ])('%s', (_, newer, older, reason) => {
    if (reason === undefined) expect(why(newer, older)).toBeUndefined()
    else expect(why(newer, older)).toMatch(reason)
  })

  const closed = { additionalProperties: false }
  test.each([
    ['to an open object', object({ b: integer }), object({}), /value\.b is new, and others of any type were allowed/],
    ['of any type to an open object', object({ b: {} }), object({}), undefined],
    ['to a closed object', object({ b: integer }, closed), object({}, closed), undefined],
    [
      'required, to a closed object',
      object({ b: integer }, { ...closed, required: ['b'] }),
      object({}, closed),
      /required/,
    ],
    ['that others must fit', object({ b: number }), object({}, { additionalProperties: integer }), undefined],
    [
      'that others may not fit',
      object({ b: integer }),
      object({}, { additionalProperties: text }),
      /value\.b could be/,
    ],
    ['taken away', object({}), object({ b: integer }), undefined],
  ])('as a registry has it, a property %s', (_, newer, older, reason) => {
    const strictly = jsonSchemaIncompatibility(
      new SchemaDocument(registered(newer)),
      new SchemaDocument(registered(older)),
      'strict',
    )
    if (reason === undefined) expect(strictly).toBeUndefined()
    else expect(strictly).toMatch(reason)
  })
})
