import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'
import { runPipelineChaos } from '../support/pipeline-chaos.ts'
import { World } from '../support/pipeline-world.ts'

/** The full form: MILLRACE_CHAOS_ROWS=1000000 MILLRACE_CHAOS_KILLS=10. */
const rows = Number(process.env['MILLRACE_CHAOS_ROWS'] ?? 12_000)
const kills = Number(process.env['MILLRACE_CHAOS_KILLS'] ?? 5)
const full = rows > 100_000
const lifeMs = full ? 8000 : 1200
const sink: Readonly<Record<string, string>> = full ? { 'flush.size': '20000' } : {}
const patienceMs = full ? 400_000 : 60_000
let world: World
afterEach(() => world?.close())

test('Postgres to topic to S3, the worker killed together with its broker', { timeout: 900_000 }, async () => {
  world = await World.create()
  const { server, bucket } = await world.lake()
  await runPipelineChaos(world, { rows, kills, lifeMs, endpoint: server, bucket, sink, patienceMs })
})

test('Postgres to topic to S3, worker and broker killed in turn', { timeout: 900_000 }, async () => {
  world = await World.create()
  const { server, bucket } = await world.lake()
  const broker = await BrokerProcess.start(join(world.folder, 'broker'))
  world.after(() => broker.kill())
  await runPipelineChaos(world, {
    rows,
    kills: Math.ceil(kills / 2),
    brokerKills: Math.floor(kills / 2),
    killBroker: async downMs => {
      await broker.kill()
      await delay(downMs)
      await broker.start()
    },
    lifeMs,
    endpoint: server,
    bucket,
    sink,
    patienceMs,
    properties: { 'bootstrap.servers': broker.bootstrap },
  })
})
