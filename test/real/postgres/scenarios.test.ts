import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import { compact } from '../../golden/debezium/lossless-json.mjs'
import {
  collapsed,
  plain,
  played,
  recordingIn,
  type Scenario,
  scenarioText,
  textInOurWords,
} from '../../golden/debezium/scenario.ts'
import { startApacheKafka } from '../../support/apache-kafka.ts'
import { jsonConverter, World } from '../../support/pipeline-world.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { type PlayParts, RestPlay } from './scenario-play.ts'

const flushMs = 300

/** What a worker with everything it needs takes from outside: as the recordings were made. */
const workerOn = (bootstrap: string): Readonly<Record<string, string>> => ({
  'bootstrap.servers': bootstrap,
  'group.id': 'scenarios',
  'key.converter': jsonConverter,
  'value.converter': jsonConverter,
  'key.converter.schemas.enable': 'true',
  'value.converter.schemas.enable': 'true',
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.flush.interval.ms': String(flushMs),
})

const brokers: readonly [name: string, start: (world: World) => Promise<string>][] = [
  ['the embedded broker', async world => `embedded:${world.folder}/broker`],
  [
    'Apache Kafka',
    async world => {
      const kafka = await startApacheKafka()
      world.after(() => kafka.close())
      return kafka.bootstrap
    },
  ],
]

// Debezium's recordings, over REST: what a worker adds to the connector (offsets, statuses, validation) is in them too.
describe.each(brokers)('a worker on %s', (_, start) => {
  let world: World
  let parts: PlayParts

  beforeAll(async () => {
    world = await World.create()
    const server = await TestPostgres.start({
      max_replication_slots: '60',
      max_wal_senders: '60',
      max_connections: '300',
    })
    world.after(() => server.stop())
    // The name is in a recording.
    await server.run('postgres', "create role postgres superuser replication login password 'postgres'")
    const worker = await world.worker(workerOn(await start(world)))
    const kafka = createKafka({ 'bootstrap.servers': worker.bootstrap })
    world.after(() => kafka.close())
    parts = {
      kafka,
      bootstrap: worker.bootstrap,
      rest: worker.rest,
      offsetsTopic: 'connect-offsets',
      server: { host: server.host, port: server.port, user: 'postgres', password: 'postgres' },
      flushMs: flushMs + 700,
    }
  })
  afterAll(() => world?.close())

  test.concurrent.each(played)('%s', { timeout: 120_000 }, async name => {
    const golden = recordingIn(textInOurWords(name))
    const result = await new RestPlay(parts, JSON.parse(scenarioText(name)) as Scenario).play()
    expect(plain(collapsed(result.topics))).toEqual(plain(golden.topics))
    expect(compact(collapsed(result.topics))).toBe(compact(golden.topics))
    // Members in the same order, and numbers with the same digits.
    for (const [at, answer] of golden.captured.entries())
      expect(compact(result.captured[at] ?? null)).toBe(compact(answer))
    expect(result.captured.length).toBe(golden.captured.length)
  })
})
