import { afterEach, test } from 'vitest'
import { startApacheKafka } from '../../support/apache-kafka.ts'
import { runExactlyOnce } from '../../support/exactly-once-run.ts'
import { World } from '../../support/pipeline-world.ts'

let world: World
afterEach(() => world?.close())

test.each(['poll', 'interval'])(
  'on Apache Kafka workers are killed again and again, every line arrives once: boundary %s',
  { timeout: 300_000 },
  async boundary => {
    const config = { 'transaction.boundary': boundary, 'transaction.boundary.interval.ms': '300' }
    world = await World.create()
    const kafka = await startApacheKafka()
    world.after(() => kafka.close())
    await runExactlyOnce({ world, bootstrap: kafka.bootstrap, config, kills: 4, sessionMs: 6000 })
  },
)
