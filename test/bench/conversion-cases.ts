import type { TransformDefinition, TransformExample } from '../../runtime/api/define.ts'
import type { ConnectRecord } from '../../runtime/api/record.ts'
import { type Schema, s } from '../../runtime/api/schema.ts'
import { builtinPlugins } from '../../runtime/plugins/builtin.ts'
import { resolveMillrace } from '../../runtime/plugins/resolve-millrace.ts'

/** A converter with what it converts. A new converter joins by a line in `converterCases`. */
export interface ConverterCase {
  readonly name: string
  readonly class: string
  readonly config: Readonly<Record<string, string>>
  /** Its schemas are in a registry; one that answers at once stands in. */
  readonly registry?: true
  readonly schema: Schema | null
  /** The value of the record of this number. */
  readonly value: (number: number) => unknown
}

export interface Step {
  readonly class: string
  readonly config: Readonly<Record<string, string>>
}

/** A chain of transforms with the records that go through it, all alike. */
export interface TransformCase {
  readonly name: string
  readonly steps: readonly Step[]
  readonly record: (number: number) => ConnectRecord
}

const start = 1_700_000_000_000

/** 10 fields, about 300 bytes of JSON. */
const order = (number: number) => ({
  id: 1_000_000 + number,
  customer: `Customer number ${number}`,
  email: `customer.${number}@mail.example.org`,
  street: `${number % 900} Long Street, second floor, to the left`,
  city: number % 3 === 0 ? 'Tromsø' : 'Trondheim',
  amount: 19.25 + (number % 400),
  count: number % 17,
  paid: number % 2 === 0,
  created: start + number,
  note: number % 5 === 0 ? null : 'please ring twice; the dog "Rex" is friendly, leave it at the door if nobody opens',
})

const orderSchema = s.struct({
  id: s.int64(),
  customer: s.string(),
  email: s.string(),
  street: s.string(),
  city: s.string(),
  amount: s.float64(),
  count: s.int32(),
  paid: s.boolean(),
  created: s.int64(),
  note: s.string({ optional: true }),
})

const json = 'org.apache.kafka.connect.json.JsonConverter'
const kafka = 'org.apache.kafka.connect.converters'

const plain = (name: string, className: string, schema: Schema, value: (number: number) => unknown): ConverterCase => ({
  name,
  class: className,
  config: {},
  schema,
  value,
})

export const converterCases: readonly ConverterCase[] = [
  { name: 'json, schemas off', class: json, config: { 'schemas.enable': 'false' }, schema: null, value: order },
  { name: 'json, schemas on', class: json, config: { 'schemas.enable': 'true' }, schema: orderSchema, value: order },
  { ...plain('avro', 'io.confluent.connect.avro.AvroConverter', orderSchema, order), registry: true },
  { ...plain('json-schema', 'io.confluent.connect.json.JsonSchemaConverter', orderSchema, order), registry: true },
  { ...plain('protobuf', 'io.confluent.connect.protobuf.ProtobufConverter', orderSchema, order), registry: true },
  plain('string', 'org.apache.kafka.connect.storage.StringConverter', s.string(), n => JSON.stringify(order(n))),
  plain('bytes', `${kafka}.ByteArrayConverter`, s.bytes(), n => Buffer.from(JSON.stringify(order(n)))),
  plain('boolean', `${kafka}.BooleanConverter`, s.boolean(), n => n % 2 === 0),
  plain('short', `${kafka}.ShortConverter`, s.int16(), n => n),
  plain('integer', `${kafka}.IntegerConverter`, s.int32(), n => n * 1000),
  plain('long', `${kafka}.LongConverter`, s.int64(), n => n * 100_000),
  plain('float', `${kafka}.FloatConverter`, s.float32(), n => n + 0.5),
  plain('double', `${kafka}.DoubleConverter`, s.float64(), n => n + 0.1),
]

const transforms = 'org.apache.kafka.connect.transforms'

const chainOfThree: readonly Step[] = [
  { class: `${transforms}.InsertField$Value`, config: { 'static.field': 'site', 'static.value': 'Oslo' } },
  { class: `${transforms}.ReplaceField$Value`, config: { exclude: 'note', renames: 'count:pieces' } },
  { class: `${transforms}.TimestampRouter`, config: {} },
]

const chain = (name: string, valueSchema: Schema | null): TransformCase => ({
  name,
  steps: chainOfThree,
  record: number => ({
    topic: 'orders',
    partition: 0,
    keySchema: s.int64(),
    key: number,
    valueSchema,
    value: order(number),
    timestamp: start + number,
    headers: [],
  }),
})

const exampleRecord =
  ({ input }: TransformExample) =>
  (): ConnectRecord => ({
    topic: 'topic',
    partition: 0,
    keySchema: null,
    key: null,
    valueSchema: null,
    value: null,
    timestamp: null,
    headers: [],
    ...input,
  })

/** Every transform in the package with the record of its first example that gives one (of one that drops it when none does), then the chains. */
export async function transformCases(): Promise<TransformCase[]> {
  resolveMillrace()
  const cases: TransformCase[] = []
  for (const { location } of builtinPlugins()) {
    // Both sides run the same code.
    if (location.kind !== 'transformation' || location.class.endsWith('$Key')) continue
    const loaded = (await import(location.url)) as { default: TransformDefinition }
    const examples = loaded.default.examples.filter(({ side = 'Value' }) => side === 'Value')
    const works = examples.filter(({ throws }) => throws === undefined)
    const example = works.find(({ output }) => output !== null) ?? works[0]
    if (example === undefined) throw new Error(`${location.class} has no example that works`)
    cases.push({
      name: location.class.replace(`${transforms}.`, ''),
      steps: [{ class: location.class, config: example.config }],
      record: exampleRecord(example),
    })
  }
  return [...cases, chain('chain of three, no schema', null), chain('chain of three, schema', orderSchema)]
}
