import { expect, test } from 'vitest'
import { pause, poll } from '../../../runtime/api/index.ts'

test('asks again at once after a batch, waits after nothing, ends when the signal aborts', async () => {
  const abort = new AbortController()
  const answers = [[1], [2], [], [3], []]
  let asked = 0
  const look = () => {
    const answer = answers[asked++] ?? []
    if (asked === answers.length) setImmediate(() => abort.abort())
    return answer
  }
  const got: number[] = []
  for await (const batch of poll(look, { intervalMs: 5, signal: abort.signal })) got.push(...batch)
  expect(got).toEqual([1, 2, 3])
  expect(asked).toBe(answers.length)
})

test('fails with what looking throws', async () => {
  const looking = poll(() => Promise.reject(new Error('gone')), { intervalMs: 5, signal: new AbortController().signal })
  await expect(looking.next()).rejects.toThrow('gone')
})

test('a pause ends at once when its signal aborts, before or after it began', async () => {
  const abort = new AbortController()
  const waiting = pause(1e9, abort.signal)
  abort.abort()
  await waiting
  await pause(1e9, abort.signal)
})
