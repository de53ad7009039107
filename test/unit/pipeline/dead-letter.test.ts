import { expect, test } from 'vitest'
import { ConfigError, ConnectError, DataError, RetriableError } from '../../../runtime/api/errors.ts'
import { partitionForKey } from '../../../runtime/kafka/partitioner.ts'
import { DeadLetterQueue, ensureDeadLetterTopic } from '../../../runtime/pipeline/dead-letter.ts'
import type { ConsumedRecord, FailedRecord } from '../../../runtime/pipeline/stage.ts'
import { noErrors } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { FakeProducer } from './fake-producer.ts'

const setup = async (contextHeaders = true) => {
  const producer = new FakeProducer()
  const log = recordingLog()
  const counters = noErrors()
  const queue = new DeadLetterQueue({
    topic: 'dlq',
    contextHeaders,
    connector: 'orders',
    task: 3,
    producer,
    counters,
    log,
    now: () => 5000,
  })
  await queue.start()
  return { queue, producer, log, counters }
}

const consumed: ConsumedRecord = {
  topic: 'zwölf',
  partition: 2,
  offset: 2 ** 40,
  timestamp: 1234,
  timestampType: 'CREATE_TIME',
  key: Buffer.from('k'),
  value: Buffer.from('{broken'),
  headers: [
    { key: 'own', value: Buffer.from('1') },
    { key: 'own', value: null },
  ],
}

const failed = (record: ConsumedRecord): FailedRecord => ({ describe: () => '', consumed: record })
const own = [
  { key: 'own', value: '1' },
  { key: 'own', value: null },
]

test('a letter is the record as it was consumed, and says why it is there', async () => {
  const { queue, producer, counters } = await setup()
  const error = new DataError('bad é')
  error.stack = 'DataError: bad é\n    at here'
  queue.report(failed(consumed), 'VALUE_CONVERTER', 'com.example.Json', error)
  expect(producer.records('dlq')).toEqual([
    {
      partition: partitionForKey(Buffer.from('k'), 0, 1, 3),
      timestamp: 1234,
      key: 'k',
      value: '{broken',
      headers: [
        ...own,
        { key: '__connect.errors.topic', value: 'zwölf' },
        { key: '__connect.errors.partition', value: '2' },
        { key: '__connect.errors.offset', value: '1099511627776' },
        { key: '__connect.errors.connector.name', value: 'orders' },
        { key: '__connect.errors.task.id', value: '3' },
        { key: '__connect.errors.stage', value: 'VALUE_CONVERTER' },
        { key: '__connect.errors.class.name', value: 'com.example.Json' },
        { key: '__connect.errors.exception.class.name', value: 'org.apache.kafka.connect.errors.DataException' },
        { key: '__connect.errors.exception.message', value: 'bad é' },
        {
          key: '__connect.errors.exception.stacktrace',
          value: 'org.apache.kafka.connect.errors.DataException: bad é\n    at here',
        },
      ],
    },
  ])
  expect(producer.sends).toBe(1)
  expect(counters.deadLetterRequests).toBe(1)
})

test('without context headers nothing is added', async () => {
  const { queue, producer } = await setup(false)
  queue.report(failed(consumed), 'VALUE_CONVERTER', 'com.example.Json', new DataError('bad'))
  expect(producer.records('dlq')[0]!.headers).toEqual(own)
})

test('a null stays null; a record without a timestamp gets the time of its letter', async () => {
  const { queue, producer } = await setup(false)
  queue.report(failed({ ...consumed, key: null, value: null, timestamp: -1 }), 'KEY_CONVERTER', 'c', new Error('x'))
  queue.report(failed({ ...consumed, key: null, timestamp: 0 }), 'KEY_CONVERTER', 'c', new Error('x'))
  expect(producer.records('dlq')).toEqual([
    { partition: 2, timestamp: 5000, key: null, value: null, headers: own },
    { partition: 2, timestamp: 0, key: null, value: '{broken', headers: own },
  ])
})

test('an empty key is a key', async () => {
  const { queue, producer } = await setup(false)
  queue.report(failed({ ...consumed, key: Buffer.alloc(0) }), 'KEY_CONVERTER', 'c', new Error('x'))
  expect(producer.records('dlq')[0]).toMatchObject({ key: '', partition: partitionForKey(Buffer.alloc(0), 0, 0, 3) })
})

test.each([
  [new DataError('x'), 'org.apache.kafka.connect.errors.DataException', 'x'],
  [new RetriableError('x'), 'org.apache.kafka.connect.errors.RetriableException', 'x'],
  [new ConfigError('x'), 'org.apache.kafka.common.config.ConfigException', 'x'],
  [new ConnectError('x'), 'org.apache.kafka.connect.errors.ConnectException', 'x'],
  [new TypeError('x'), 'TypeError', 'x'],
  [new Error(''), 'Error', null],
  ['thrown text', 'string', 'thrown text'],
])('%s is called %s', async (error, name, message) => {
  const { queue, producer } = await setup()
  queue.report(failed(consumed), 'TASK_PUT', 'c', error)
  const headers = Object.fromEntries(producer.records('dlq')[0]!.headers.map(({ key, value }) => [key, value]))
  expect(headers['__connect.errors.exception.class.name']).toBe(name)
  expect(headers['__connect.errors.exception.message']).toBe(message)
})

test('a cause is told in the stack trace', async () => {
  const { queue, producer } = await setup()
  queue.report(failed(consumed), 'TASK_PUT', 'c', new DataError('outer', { cause: new TypeError('inner') }))
  const { value } = producer.records('dlq')[0]!.headers.at(-1)!
  expect(value).toMatch(
    /^org\.apache\.kafka\.connect\.errors\.DataException: outer\n[\s\S]*\nCaused by: TypeError: inner\n/,
  )
})

test('a record that comes from nowhere leaves no letter', async () => {
  const { queue, producer } = await setup()
  queue.report({ describe: () => '' }, 'TRANSFORMATION', 'c', new Error('x'))
  expect(producer.records('dlq')).toEqual([])
})

test('a letter that cannot be written fails the next flush, and every one after it (invariants 3 and 4)', async () => {
  const { queue, producer, log, counters } = await setup()
  await queue.flush()
  expect(producer.flushes).toBe(1)
  queue.report(failed(consumed), 'TASK_PUT', 'c', new Error('x'))
  const refused = new Error('TOPIC_AUTHORIZATION_FAILED')
  producer.deliveries[0]!.failed(1, 'dlq', 0, refused)
  for (let round = 0; round < 2; round++)
    await expect(queue.flush()).rejects.toMatchObject({
      message: expect.stringContaining('could not be written to the dead letter queue dlq'),
      cause: refused,
    })
  expect(counters.deadLetterFailures).toBe(1)
  expect(log.lines).toEqual([
    {
      level: 'error',
      message: 'Could not produce 1 messages to dead letter queue. topic=dlq',
      details: { error: refused },
    },
  ])
})

test('the topic is made with one partition', async () => {
  const asked: unknown[] = []
  const createTopics = async (topics: unknown) => {
    asked.push(topics)
    return new Map([['dlq', false]])
  }
  await ensureDeadLetterTopic({ createTopics }, 'dlq', 3)
  expect(asked).toEqual([[{ name: 'dlq', partitions: 1, replicationFactor: 3 }]])
})

test('a topic that cannot be made is named', async () => {
  const cause = new Error('INVALID_REPLICATION_FACTOR')
  const createTopics = () => Promise.reject(cause)
  await expect(ensureDeadLetterTopic({ createTopics }, 'dlq', 3)).rejects.toMatchObject({
    message: 'Could not initialize dead letter queue with topic=dlq',
    cause,
  })
})
