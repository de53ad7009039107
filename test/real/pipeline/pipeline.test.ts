import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, test } from 'vitest'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'
import { runPipelineChaos } from '../../support/pipeline-chaos.ts'
import { World } from '../../support/pipeline-world.ts'
import { useVersitygw, versitygw } from '../s3/versitygw.ts'

/** The full form: MILLRACE_CHAOS_ROWS=1000000 MILLRACE_CHAOS_KILLS=10 MILLRACE_CHAOS_BROKER_KILLS=2. */
const rows = Number(process.env['MILLRACE_CHAOS_ROWS'] ?? 100_000)
const kills = Number(process.env['MILLRACE_CHAOS_KILLS'] ?? 4)
const brokerKills = Number(process.env['MILLRACE_CHAOS_BROKER_KILLS'] ?? 1)
const full = rows > 200_000
const parts = versitygw !== undefined && process.env['MILLRACE_KAFKA_LIBS'] !== undefined

describe.skipIf(!parts)('on Apache Kafka and versitygw (npm run test:real brings both)', () => {
  const s3 = useVersitygw()
  let world: World
  let kafka: ApacheKafka | undefined
  afterEach(async () => {
    await world?.close()
    await kafka?.close()
  })

  test('Postgres to topic to S3, worker and broker killed at random instants', { timeout: 1_200_000 }, async () => {
    world = await World.create()
    kafka = await startApacheKafka({ settings: { 'group.min.session.timeout.ms': '100' } })
    const broker = kafka.brokers[0]!
    await runPipelineChaos(world, {
      rows,
      kills,
      brokerKills,
      killBroker: async downMs => {
        await broker.kill()
        await delay(downMs)
        await broker.start()
      },
      lifeMs: full ? 8000 : 3000,
      endpoint: s3(),
      bucket: await world.bucketAt(s3()),
      sink: { 'flush.size': full ? '20000' : '5000' },
      properties: { 'bootstrap.servers': kafka.bootstrap },
      patienceMs: 400_000,
    })
  })
})
