import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import type { Preview } from '../../../runtime/worker/preview.ts'
import { lakeSink, World } from '../../support/pipeline-world.ts'
import { TestPostgres } from '../../support/postgres.ts'

let world: World
let worker: WorkerProcess
let postgres: TestPostgres
let source: Record<string, string>

beforeAll(async () => {
  world = await World.create()
  postgres = await TestPostgres.start()
  world.after(() => postgres.stop())
  worker = await world.worker({
    'plugin.path': fileURLToPath(new URL('../../support/connectors', import.meta.url)),
  })
  const props = await postgres.database(
    'shop',
    'create table orders (id bigint primary key, item text, price numeric(10,2))',
    `insert into orders select 9007199254740993 + n, 'item ' || n, n + 0.25 from generate_series(0, 99) n`,
  )
  source = {
    'connector.class': 'PostgresConnector',
    ...props,
    'topic.prefix': 'shop',
    'table.include.list': 'public.orders',
  }
})
afterAll(() => world?.close())

const preview = (config: Readonly<Record<string, string>>, records: number): Promise<Preview> =>
  worker.request('PUT', `/connector-plugins/${config['connector.class']}/config/preview?records=${records}`, config)

const unwrap = { transforms: 'u', 'transforms.u.type': 'io.debezium.transforms.ExtractNewRecordState' }

test("a source's rows, behind each stage and as bytes; nothing is left on the server", async () => {
  const { type, records, errors } = await preview({ ...source, ...unwrap }, 3)
  expect({ type, errors, count: records.length }).toEqual({ type: 'source', errors: [], count: 3 })
  const [{ stages, produced }] = records as [Preview['records'][number]]
  expect(stages.map(({ stage }) => stage)).toEqual(['SOURCE', 'TRANSFORMATION'])
  expect(stages[0]!.record).toMatchObject({
    topic: 'shop.public.orders',
    value: { op: 'r', after: { id: '9007199254740993', item: 'item 0' } },
    headers: expect.arrayContaining([
      expect.objectContaining({ key: '__debezium.context.connectorLogicalName', value: 'shop' }),
    ]),
  })
  expect(stages[1]!.record).toMatchObject({ value: { id: '9007199254740993', item: 'item 0' } })
  expect(produced).toMatchObject({
    topic: 'shop.public.orders',
    key: { text: '{"id":9007199254740993}' },
    value: { text: expect.stringContaining('"item":"item 0"') },
  })
  const client = await postgres.client('shop')
  const left = await client.query(
    'select slot_name as name from pg_replication_slots union all select pubname from pg_publication',
  )
  await client.end()
  expect(left.rows).toEqual([])
  expect(await worker.request('GET', '/connectors')).toEqual([])
})

test('an error of a record names its stage; a filter shows where a record went', async () => {
  const cast = {
    transforms: 'u,c',
    'transforms.u.type': unwrap['transforms.u.type'],
    'transforms.c.type': 'org.apache.kafka.connect.transforms.Cast$Value',
    'transforms.c.spec': 'item:int32',
  }
  const { records } = await preview({ ...source, ...cast }, 1)
  expect(records[0]).toMatchObject({ error: { stage: 'TRANSFORMATION', class: expect.stringContaining('Cast') } })
  expect(records[0]!.produced).toBeUndefined()
  const filter = { transforms: 'f', 'transforms.f.type': 'org.apache.kafka.connect.transforms.Filter' }
  const dropped = await preview({ ...source, ...filter }, 1)
  expect(dropped.records[0]!.stages.at(-1)!.record).toBeNull()
})

test('the first lines of a file, as they are; a file that is not there is an error of the source', async () => {
  const file = join(world.folder, 'sampled.txt')
  const lines = { 'connector.class': 'FileStreamSource', file, topic: 'lines' }
  const missing = await preview(lines, 2)
  expect(missing.errors).toMatchObject([{ stage: 'SOURCE', message: expect.stringContaining(`Cannot read ${file}`) }])
  await writeFile(file, 'one\ntwo\nthree\nnot yet ended')
  const { records, errors } = await preview(lines, 2)
  expect({ errors, values: records.map(({ stages }) => stages[0]!.record?.value) }).toEqual({
    errors: [],
    values: ['one', 'two'],
  })
  expect((await preview(lines, 9)).records).toHaveLength(3)
})

test("a sink's records and the objects they would become; none is written, no offset stored", async () => {
  const { server, bucket } = await world.lake()
  const kafka = new Kafka({ brokers: [worker.bootstrap], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const messages = ['{"id":1}', '{"id":2}', 'no json', '{"id":3}'].map(value => ({ value }))
  await producer.send({ topic: 'orders', messages })
  await producer.disconnect()
  const { records, writes, errors } = await preview(lakeSink(server, 'orders', { 'flush.size': '2' }), 4)
  expect(errors).toEqual([])
  expect(records.map(({ error }) => error?.stage)).toEqual([undefined, undefined, 'VALUE_CONVERTER', undefined])
  expect(writes!.map(({ target }) => target)).toEqual([
    expect.stringMatching(/^s3:\/\/[^/]+\/topics\/orders\/partition=0\/orders\+0\+0000000000\.json\.gz$/),
    expect.stringMatching(/orders\+0\+0000000003\.json\.gz$/),
  ])
  expect(writes!.map(({ content }) => content)).toMatchObject([
    { text: '{"id":1}\n{"id":2}\n', compressed: 'gzip' },
    { text: '{"id":3}\n' },
  ])
  expect(await bucket.keys()).toEqual([])
  expect(JSON.stringify([records, writes])).not.toContain(server.secretAccessKey)
})

test.each([
  ['test.BeatingSourceConnector', { topic: 't', 'beat.file': '/x' }, '10', 'declares no sample'],
  ['FileStreamSource', { topic: 't', 'batch.size': 'x' }, '10', 'Connector configuration is invalid'],
  ['FileStreamSource', { file: '/x', topic: 't' }, '1e9', 'records must be a number from 1 to 999'],
])('%s %j, %s records: refused', async (name, config, records, message) => {
  const asked = worker.request('PUT', `/connector-plugins/${name}/config/preview?records=${records}`, config)
  await expect(asked).rejects.toThrow(message)
})
