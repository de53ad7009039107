import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TopicFollowing } from '../../../runtime/api/context.ts'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import type { Kafka } from '../../../runtime/kafka/ports.ts'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { followTopic } from '../../../runtime/worker/follow-topic.ts'
import { ask } from '../../support/cluster-rest.ts'
import { command, eventually, readTopic, World, workerProperties } from '../../support/pipeline-world.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture } from '../../support/postgres-capture.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'

let server: TestPostgres
let broker: TestBroker
let kafka: Kafka
const running: Capture[] = []
const log = { debug() {}, info() {}, warn() {}, error() {} }
beforeAll(async () => {
  server = await TestPostgres.start()
  broker = await testBroker()
  kafka = createKafka({ 'bootstrap.servers': broker.broker.bootstrap }, { log })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
})
afterAll(async () => {
  await kafka?.close()
  await broker?.remove()
  await server?.stop()
})

const follow = (options: TopicFollowing) => followTopic({}, options, log)

const send = async (topic: string, key: string | null, value: string): Promise<void> => {
  const records = kafka.topicLog({ topic, onRecord() {} })
  await records.append([{ key: key === null ? null : Buffer.from(key), value: Buffer.from(value) }])
  await records.stop()
}

test('signals come through a topic, each once, and only those with the key of the connector', async () => {
  const props: Record<string, string> = {
    ...(await server.database(
      'signal_topic',
      'create table t (id int primary key, v text)',
      "insert into t select g, 'x' from generate_series(1, 25) g",
    )),
    'snapshot.mode': 'no_data',
    'read.only': 'true',
    'signal.enabled.channels': 'kafka',
    'signal.kafka.bootstrap.servers': broker.broker.bootstrap,
    'incremental.snapshot.chunk.size': '10',
  }
  const topic = 'signal_topic-signal'
  const capture = new Capture({ followTopic: follow })
  running.push(capture)
  await capture.start(props)
  const execute = (id: string) =>
    JSON.stringify({ id, type: 'execute-snapshot', data: { 'data-collections': ['public.t'] } })
  const said = (text: string) => capture.logs.filter(line => line.includes(text)).length
  const done = 'incremental snapshot is complete'
  await capture.until(() => said('Signals are read from a topic') > 0, 'the topic')
  await capture.until(async () => (await kafka.admin().describeTopics([topic])).length === 1, 'the topic to be created')
  await send(topic, 'another', execute('a1'))
  await send(topic, null, execute('a2'))
  await send(topic, 'signal_topic', '{')
  await send(topic, 'signal_topic', execute('k1'))
  await capture.until(() => said(done) === 1, 'the first snapshot')
  const ids = capture.records.map(record => (resolveLazy(record.value) as { after: { id: number } }).after.id)
  expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  expect(said('is no signal')).toBe(1)
  const handled = async () => (await kafka.admin().groupOffsets('kafka-signal')).map(({ offset }) => offset)
  await server.run('signal_topic', "insert into t values (100, 'y')")
  await capture.until(() => capture.records.length === 26, 'the change')
  await capture.until(async () => (await handled())[0] === 4, 'the signal to be told as handled')
  await capture.stop()

  const again = new Capture({ followTopic: follow, offsets: capture.offsets })
  running.push(again)
  await again.start(props)
  await send(topic, 'signal_topic', execute('k2'))
  await again.until(() => again.logs.some(line => line.includes(done)), 'the second snapshot')
  expect(again.logs.filter(line => line.includes('An incremental snapshot is asked for')).length).toBe(1)
  expect(again.records.length).toBe(26)
})

test('without Kafka the connector says so', async () => {
  const props = await server.database('signal_none', 'create table t (id int primary key)')
  const capture = new Capture()
  running.push(capture)
  await capture.start({
    ...props,
    'signal.enabled.channels': 'kafka',
    'signal.kafka.bootstrap.servers': broker.broker.bootstrap,
  })
  await expect(capture.until(() => false, 'the failure')).rejects.toThrow(
    /Signals from Kafka need a worker that has Kafka/,
  )
})

test('through a worker and its own broker', async () => {
  const props = await server.database(
    'signal_worker',
    'create table t (id int primary key, v text)',
    "insert into t select g, 'x' from generate_series(1, 25) g",
  )
  const world = await World.create()
  try {
    const worker = await WorkerProcess.start({
      command,
      folder: world.folder,
      properties: workerProperties(world.folder),
    })
    world.after(() => worker.kill())
    const config = {
      ...props,
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'snapshot.mode': 'no_data',
      'read.only': 'true',
      'signal.enabled.channels': 'kafka',
      'signal.kafka.topic': 'asked',
      'signal.kafka.bootstrap.servers': worker.bootstrap,
      'incremental.snapshot.chunk.size': '10',
      'notification.enabled.channels': 'sink',
      'notification.sink.topic.name': 'told',
    }
    expect((await ask(worker, 'PUT', '/connectors/source/config', config)).status).toBe(201)
    const own = createKafka({ 'bootstrap.servers': worker.bootstrap }, { log })
    world.after(() => own.close())
    const topicsThere = async () => (await own.admin().describeTopics(['asked', 'told'])).length
    await eventually('the topics', topicsThere, found => found === 2)
    const records = own.topicLog({ topic: 'asked', onRecord() {} })
    const signal = { id: 'w1', type: 'execute-snapshot', data: { 'data-collections': ['public.t'] } }
    await records.append([{ key: Buffer.from('signal_worker'), value: Buffer.from(JSON.stringify(signal)) }])
    const told = async (): Promise<readonly string[]> => {
      const types: string[] = []
      await readTopic(worker.bootstrap, 'told', value => types.push(/"type":"(\w+)"/.exec(String(value))?.[1] ?? ''))
      return types
    }
    const all = ['SKIPPED', 'STARTED', 'IN_PROGRESS', 'IN_PROGRESS', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED']
    expect(await eventually('the end of the snapshot', told, types => types.length >= all.length)).toEqual(all)
    expect((await readTopic(worker.bootstrap, 'signal_worker.public.t')).length).toBe(25)
  } finally {
    await world.close()
  }
})
