import { afterEach, beforeEach, test } from 'vitest'
import { runExactlyOnce } from '../../support/exactly-once-run.ts'
import { World } from '../../support/pipeline-world.ts'
import { testBroker } from '../../support/test-broker.ts'

let world: World
let bootstrap: string
beforeEach(async () => {
  world = await World.create()
  const broker = await testBroker({ 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '100' })
  world.after(() => broker.remove())
  bootstrap = broker.broker.bootstrap
})
afterEach(() => world.close())

test.each(['poll', 'interval'])(
  'workers are killed again and again, every line arrives once: boundary %s',
  { timeout: 120_000 },
  async boundary => {
    const config = { 'transaction.boundary': boundary, 'transaction.boundary.interval.ms': '150' }
    await runExactlyOnce({ world, bootstrap, config, kills: 4, sessionMs: 1500 })
  },
)
