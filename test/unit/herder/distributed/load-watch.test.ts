import { expect, test } from 'vitest'
import { LoadWatch } from '../../../../runtime/herder/distributed/load-watch.ts'
import { logger } from '../../../../runtime/telemetry/log.ts'

const id = { connector: 'a', task: 0 }

test('a burst counts a little, a lasting load wholly, a task that is gone not at all', async () => {
  let answer = [{ id, cores: 0.1 }]
  const watch = new LoadWatch({ taskLoads: async () => answer }, logger('test'))
  await watch.sample()
  expect(watch.loads.get('t a-0')).toBeCloseTo(0.1)
  answer = [{ id, cores: 1.1 }]
  await watch.sample()
  expect(watch.loads.get('t a-0')).toBeCloseTo(0.3)
  for (let sample = 0; sample < 30; sample++) await watch.sample()
  expect(watch.loads.get('t a-0')).toBeCloseTo(1.1, 2)
  answer = []
  await watch.sample()
  expect(watch.loads.size).toBe(0)
})
