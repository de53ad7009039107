import { join } from 'node:path'
import { afterEach, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'
import { runExactlyOnce } from '../support/exactly-once-run.ts'
import { World } from '../support/pipeline-world.ts'

let world: World
afterEach(() => world?.close())

test('the worker of the task and the broker are killed together, again and again: every line arrives once', {
  timeout: 240_000,
}, async () => {
  world = await World.create()
  const broker = await BrokerProcess.start(join(world.folder, 'broker'))
  world.after(() => broker.kill())
  await runExactlyOnce({
    world,
    bootstrap: broker.bootstrap,
    config: {},
    kills: 4,
    sessionMs: 1500,
    besides: async () => {
      await broker.kill()
      await broker.start()
    },
  })
})
