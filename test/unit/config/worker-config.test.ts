import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  environmentProperties,
  logLevels,
  readWorkerProperties,
  unknownKeys,
  workerConfig,
} from '../../../runtime/config/worker-config.ts'

const least = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'offset.storage.file.filename': 'offsets',
}

test('has defaults for all that Kafka Connect has defaults for', () => {
  const config = workerConfig(least)
  expect(config).toMatchObject({
    bootstrapServers: ['localhost:9092'],
    listeners: ['http://:8083'],
    offsetFlushIntervalMs: 60_000,
    offsetFlushTimeoutMs: 5000,
    taskShutdownGracefulTimeoutMs: 5000,
    headerConverter: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    adminListeners: undefined,
    embeddedBroker: undefined,
    cluster: undefined,
  })
})

test('every problem is told at once', () => {
  expect(() => workerConfig({ 'offset.flush.interval.ms': 'soon', 'task.threads': '-1' })).toThrow(
    /"key.converter"[\s\S]*"value.converter"[\s\S]*offset.flush.interval.ms: Not a number[\s\S]*task.threads: Value must be at least 0/,
  )
  expect(() => workerConfig({ ...least, 'offset.storage.file.filename': undefined as never })).toThrow(
    '"offset.storage.file.filename"',
  )
  expect(() => workerConfig({ ...least, 'group.id': 'g' })).toThrow('"config.storage.topic"')
})

test.each([
  ['embedded', 'data/broker'],
  ['embedded:/var/topics', '/var/topics'],
  ['host:9092,other:9092', undefined],
  ['embedded-host:9092', undefined],
])('bootstrap.servers=%s brings a broker in %s', (servers, folder) => {
  expect(workerConfig({ ...least, 'bootstrap.servers': servers }).embeddedBroker).toBe(folder)
})

test('an empty list of admin listeners is not the same as none given', () => {
  expect(workerConfig({ ...least, 'admin.listeners': '' }).adminListeners).toEqual([])
})

test('variables are spelled as in the usual images: a dot, two for a dash, three for an underscore', () => {
  expect(
    environmentProperties({
      CONNECT_BOOTSTRAP_SERVERS: 'k:9092',
      CONNECT_A__B_C___D: '1',
      CONNECT_: 'x',
      CONNECTION: 'x',
      PATH: 'x',
    }),
  ).toEqual({ 'bootstrap.servers': 'k:9092', 'a-b.c_d': '1' })
})

test('variables win over the file, which may be missing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-config-'))
  try {
    const file = join(folder, 'w.properties')
    await writeFile(file, 'a=1\nb=2\n')
    expect(await readWorkerProperties(file, { CONNECT_B: '3' })).toEqual({ a: '1', b: '3' })
    expect(await readWorkerProperties(undefined, { CONNECT_B: '3' })).toEqual({ b: '3' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a key that means nothing is told of; those handed on are not', () => {
  expect(
    unknownKeys({
      ...least,
      'producer.acks': '1',
      'key.converter.schemas.enable': 'false',
      'config.providers.f.class': 'x',
      'millrace.broker.port': '0',
      'ofset.flush.interval.ms': '1',
    }),
  ).toEqual(['ofset.flush.interval.ms'])
})

test('log levels to begin with', () => {
  expect([
    ...logLevels({ 'millrace.log.level': 'warn', 'millrace.log.level.millrace.kafka': ' debug ', x: 'y' }),
  ]).toEqual([
    ['root', 'WARN'],
    ['millrace.kafka', 'DEBUG'],
  ])
})

test.each([
  ['-Xmx1g -Djava.security.auth.login.config=/etc/jaas.conf -Dx=y', { 'rest.jaas.file': '/etc/jaas.conf' }],
  ['-Djava.security.auth.login.config="/etc/my jaas"', { 'rest.jaas.file': '/etc/my jaas' }],
  ['-Xmx1g', {}],
])('KAFKA_OPTS %s', async (options, found) => {
  expect(await readWorkerProperties(undefined, { KAFKA_OPTS: options })).toEqual(found)
  const own = { KAFKA_OPTS: options, CONNECT_REST_JAAS_FILE: '/own' }
  expect(await readWorkerProperties(undefined, own)).toEqual({ 'rest.jaas.file': '/own' })
})
