import { expect, test } from 'vitest'
import timestampRouter from '../../../transforms/timestamp-router.ts'

const topicOf = (transform: ReturnType<typeof router>, topic: string, timestamp: number) =>
  transform.apply({ topic, value: null, timestamp })!.topic
const router = (timestampFormat: string) =>
  timestampRouter.create({ topicFormat: '${topic}-${timestamp}', timestampFormat }, 'Value', { originals: {} })

const patterns = ['yyyyMMdd', "yyyy'm'", 'HH', 'h a', 'k', 'K', 'HHmm', 'HHmmss', 'ss.SSS', 'YYYY-ww', 'D', 'E z']

test.each(patterns)('%s: a router that has seen other records names topics as a new one does', pattern => {
  const used = router(pattern)
  const steps = [0, 1, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 43_200_000, 86_399_999, 86_400_000]
  for (const topic of ['a', 'b', 'a'])
    for (const start of [0, 1_699_920_000_000, -86_400_000])
      for (const step of steps)
        expect(topicOf(used, topic, start + step)).toBe(topicOf(router(pattern), topic, start + step))
})
