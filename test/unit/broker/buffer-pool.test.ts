import { expect, test } from 'vitest'
import { BufferPool } from '../../../runtime/broker/buffer-pool.ts'

test('lends the same memory again, and never to two at once', () => {
  const pool = new BufferPool()
  const first = pool.take(100_000)
  const second = pool.take(100_000)
  expect(first.bytes.length).toBe(100_000)
  expect(first.bytes.buffer).not.toBe(second.bytes.buffer)
  first.release()
  first.release()
  const third = pool.take(70_000)
  expect(third.bytes.buffer).toBe(first.bytes.buffer)
  expect(pool.take(100_000).bytes.buffer).not.toBe(first.bytes.buffer)
})

test('keeps no more than it may', () => {
  const pool = new BufferPool(300_000)
  const leases = Array.from({ length: 10 }, () => pool.take(100_000))
  for (const { release } of leases) release()
  expect(pool.idleBytes).toBe(2 * 131_072)
  const huge = pool.take(100_000_000)
  huge.release()
  expect(pool.idleBytes).toBe(2 * 131_072)
})
