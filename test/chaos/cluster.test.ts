import { afterEach, test } from 'vitest'
import { runClusterChaos } from '../support/cluster-chaos.ts'
import { World } from '../support/pipeline-world.ts'
import { testBroker } from '../support/test-broker.ts'

let world: World
afterEach(() => world?.close())

// The full form runs on Apache Kafka: test/real/cluster/chaos.test.ts.
test.each([
  { mode: 'at least once', exactlyOnce: false },
  { mode: 'sources exactly once', exactlyOnce: true },
])(
  'a cluster under load whose workers are killed, join and leave, $mode',
  { timeout: 300_000 },
  async ({ exactlyOnce }) => {
    world = await World.create()
    const broker = await testBroker({ 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '100' })
    world.after(() => broker.remove())
    const { server, bucket } = await world.lake()
    const { bootstrap } = broker.broker
    const size = { durationMs: 1, files: 1, tasksPerSink: 3, beaters: 3, sessionMs: 3000 }
    await runClusterChaos(world, { bootstrap, endpoint: server, bucket, exactlyOnce, ...size })
  },
)
