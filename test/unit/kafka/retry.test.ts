import { describe, expect, it } from 'vitest'
import { KafkaClientError } from '../../../runtime/kafka/errors.ts'
import { retrying } from '../../../runtime/kafka/retry.ts'
import { KafkaProtocolError } from '../../../runtime/protocol/error-codes.ts'

const options = { backoff: { initialMs: 1, maxMs: 2 }, timeoutMs: 60, setting: 'default.api.timeout.ms' }
const passing = new KafkaClientError('CONNECTION', 'gone')

describe('retrying', () => {
  it('tries again what passes, after a look', async () => {
    let tries = 0
    const looked: string[] = []
    const result = await retrying(
      async () => {
        if (++tries < 3) throw passing
        return tries
      },
      { ...options, timeoutMs: 60_000, again: error => void looked.push(error.message) },
    )
    expect([result, looked]).toEqual([3, ['gone', 'gone']])
  })

  it('throws at once what does not', async () => {
    let tries = 0
    const failing = retrying(async () => {
      tries++
      throw new KafkaProtocolError('TOPIC_AUTHORIZATION_FAILED', { topic: 't' })
    }, options)
    await expect(failing).rejects.toMatchObject({ kafkaCode: 'TOPIC_AUTHORIZATION_FAILED' })
    expect(tries).toBe(1)
  })

  it('gives up when the time is over, and names it', async () => {
    await expect(retrying(() => Promise.reject(passing), options)).rejects.toThrow(
      /gone.*60 ms \(default.api.timeout.ms\)/,
    )
  })

  it('has less patience with some, and throws them as they are', async () => {
    const failing = retrying(() => Promise.reject(passing), { ...options, timeoutMs: 10_000, patience: () => 5 })
    await expect(failing).rejects.toBe(passing)
  })

  it('ends on abort', async () => {
    const failing = retrying(() => Promise.reject(passing), {
      ...options,
      backoff: { initialMs: 5000, maxMs: 5000 },
      timeoutMs: 60_000,
      signal: AbortSignal.timeout(20),
    })
    await expect(failing).rejects.toMatchObject({ name: 'AbortedError' })
  })
})
