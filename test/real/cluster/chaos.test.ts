import { afterEach, test } from 'vitest'
import { startApacheKafka } from '../../support/apache-kafka.ts'
import { runClusterChaos } from '../../support/cluster-chaos.ts'
import { World } from '../../support/pipeline-world.ts'

/** The full form: MILLRACE_CHAOS_MINUTES=10. */
const minutes = Number(process.env['MILLRACE_CHAOS_MINUTES'] ?? 1)

let world: World
afterEach(() => world?.close())

test.each([
  { mode: 'at least once', exactlyOnce: false },
  { mode: 'sources exactly once', exactlyOnce: true },
])(
  '20 connectors with 60 tasks on Apache Kafka: workers are killed, join and leave, $mode',
  {
    timeout: 240_000 + minutes * 120_000,
  },
  async ({ exactlyOnce }) => {
    world = await World.create()
    const kafka = await startApacheKafka()
    world.after(() => kafka.close())
    const { server, bucket } = await world.lake()
    // 9 file sources, the table, 10 sinks of 4 tasks and one connector of 10: 21 connectors, 60 tasks.
    const size = { durationMs: minutes * 60_000, files: 9, tasksPerSink: 4, beaters: 10, sessionMs: 6000 }
    await runClusterChaos(world, { bootstrap: kafka.bootstrap, endpoint: server, bucket, exactlyOnce, ...size })
  },
)
