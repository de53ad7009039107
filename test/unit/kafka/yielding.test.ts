import { expect, it } from 'vitest'
import { Yielding } from '../../../runtime/kafka/yielding.ts'

it('lets timers run in a loop that always has work', async () => {
  const yielding = new Yielding()
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  const end = performance.now() + 60
  while (performance.now() < end) await yielding.due()
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(1)
})
