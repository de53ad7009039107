import { describe, expect, it } from 'vitest'
import { murmur2, partitionForKey, StickyPartitioner } from '../../../runtime/kafka/partitioner.ts'

describe('murmur2', () => {
  // The vectors of Kafka's own test of its hash.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('of %s is %i', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })

  it('of abc, and of a part of a larger buffer', () => {
    expect(murmur2(Buffer.from('abc'))).toBe(479470107)
    expect(murmur2(Buffer.from('xxabcyy'), 2, 5)).toBe(479470107)
  })

  it('chooses a partition that is never negative', () => {
    const key = Buffer.from('21')
    expect(partitionForKey(key, 0, key.length, 10)).toBe((-973932308 & 0x7fffffff) % 10)
  })
})

describe('records without a key', () => {
  it('stay on a partition until its batch is sealed, then go to another', () => {
    let next = 0
    const sticky = new StickyPartitioner(() => [0.5, 0.5, 0][next++]!)
    expect([sticky.partition('t', 4), sticky.partition('t', 4)]).toEqual([2, 2])
    sticky.sealed('t', 1, 4)
    expect(sticky.partition('t', 4)).toBe(2)
    sticky.sealed('t', 2, 4)
    expect(sticky.partition('t', 4)).toBe(1)
    sticky.sealed('t', 1, 4)
    expect(sticky.partition('t', 4)).toBe(0)
  })

  it('have one place only in a topic of one partition', () => {
    const sticky = new StickyPartitioner(() => 0.99)
    sticky.partition('t', 1)
    sticky.sealed('t', 0, 1)
    expect(sticky.partition('t', 1)).toBe(0)
  })
})
