import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../../../connectors/s3/buffer-pool.ts'

const MiB = 1024 * 1024

describe('buffers', () => {
  it('are counted while they are out, and used again', async () => {
    const pool = new BufferPool(2 * MiB)
    const one = pool.take(1)
    expect(pool.used).toBe(one.length)
    const changed = pool.changed()
    pool.give(one)
    await changed
    expect(pool.used).toBe(0)
    expect(pool.take(one.length)).toBe(one)
  })

  it('are given beyond the budget, which is then full', () => {
    const pool = new BufferPool(MiB)
    pool.take(MiB)
    expect(pool.full).toBe(false)
    pool.take(1)
    expect(pool.full).toBe(true)
  })

  it('are made as large as asked, and not kept when odd', () => {
    const pool = new BufferPool(8 * MiB)
    const odd = pool.take(3 * MiB)
    expect(odd.length).toBe(3 * MiB)
    pool.give(odd)
    expect(pool.used).toBe(0)
    expect(pool.take(3 * MiB)).not.toBe(odd)
  })

  it('are kept no more than the budget', () => {
    const pool = new BufferPool(MiB)
    const two = [pool.take(MiB), pool.take(MiB)]
    for (const buffer of two) pool.give(buffer)
    expect(two).toContain(pool.take(MiB))
    expect(two).not.toContain(undefined)
    expect(pool.take(MiB)).not.toBe(two[1])
  })
})
