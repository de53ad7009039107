import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../../../runtime/api/record.ts'
import type { AssignorMember } from '../../../../runtime/kafka/group/assignor.ts'
import { assignorOf } from '../../../../runtime/kafka/group/assignors.ts'

const member = (
  memberId: string,
  topics: readonly string[],
  owned: readonly string[] = [],
  generationId = 1,
): AssignorMember => ({
  memberId,
  groupInstanceId: null,
  topics,
  owned: owned.map(parse),
  generationId,
})
const parse = (text: string): TopicPartition => ({ topic: text[0]!, partition: Number(text.slice(1)) })
const assign = (
  name: string,
  members: readonly AssignorMember[],
  counts: Record<string, number>,
): Record<string, string> => {
  const result = assignorOf(name)!.assign(members, new Map(Object.entries(counts)))
  return Object.fromEntries(
    [...result].map(([id, list]) => [
      id,
      list
        .map(({ topic, partition }) => `${topic}${partition}`)
        .sort()
        .join(' '),
    ]),
  )
}

describe('range', () => {
  it('gives neighbours to one member, one more to the first', () => {
    expect(assign('range', [member('y', ['a', 'b']), member('x', ['a', 'b'])], { a: 3, b: 3 })).toEqual({
      x: 'a0 a1 b0 b1',
      y: 'a2 b2',
    })
  })

  it('counts only who subscribes, and topics that exist', () => {
    expect(assign('range', [member('x', ['a']), member('y', ['a', 'b', 'c'])], { a: 2, b: 1 })).toEqual({
      x: 'a0',
      y: 'a1 b0',
    })
    expect(assign('range', [member('x', ['a'])], { a: 0 })).toEqual({ x: '' })
  })

  it('keeps static members in their order whatever their member id', () => {
    const fixed = (memberId: string, groupInstanceId: string) => ({ ...member(memberId, ['a']), groupInstanceId })
    expect(assign('range', [fixed('z', '1'), fixed('a', '2')], { a: 2 })).toEqual({ z: 'a0', a: 'a1' })
  })
})

describe('roundrobin', () => {
  it('deals all partitions in turn, past who does not subscribe', () => {
    expect(assign('roundrobin', [member('x', ['a', 'b']), member('y', ['a', 'b'])], { a: 3, b: 3 })).toEqual({
      x: 'a0 a2 b1',
      y: 'a1 b0 b2',
    })
    expect(assign('roundrobin', [member('x', ['a']), member('y', ['a', 'b'])], { a: 1, b: 2 })).toEqual({
      x: 'a0',
      y: 'b0 b1',
    })
  })
})

describe('sticky', () => {
  it('moves only what balance asks for when a member comes', () => {
    const before = [member('x', ['a'], ['a0', 'a1', 'a2']), member('y', ['a'], ['a3', 'a4', 'a5'])]
    const after = assign('sticky', [...before, member('z', ['a'])], { a: 6 })
    expect(after['z']!.split(' ')).toHaveLength(2)
    expect('a0 a1 a2').toContain(after['x']!)
    expect('a3 a4 a5').toContain(after['y']!)
  })

  it('gives the partitions of a member that left to the others, which keep theirs', () => {
    const after = assign('sticky', [member('x', ['a'], ['a0', 'a1']), member('y', ['a'], ['a2'])], { a: 5 })
    expect([after['x']!.startsWith('a0 a1'), after['y']!.includes('a2')]).toEqual([true, true])
  })

  it('believes the newer of two that claim a partition, and neither of equals', () => {
    const claims = (older: number) => [member('x', ['a'], ['a0'], older), member('y', ['a'], ['a0'], 2)]
    expect(assign('sticky', claims(1), { a: 1 })).toEqual({ x: '', y: 'a0' })
    expect(assign('sticky', claims(2), { a: 1 })).toEqual({ x: 'a0', y: '' })
  })

  it('reads and writes what it had, as user data', () => {
    const { userData, decodeUserData } = assignorOf('sticky')!
    const owned = ['a0', 'a2', 'b1'].map(parse)
    expect(decodeUserData!(userData(owned, 7)!)).toEqual({ owned, generationId: 7 })
    // One topic, one partition, generation 7.
    expect(userData([parse('a3')], 7)?.toString('hex')).toBe('00000001000161000000010000000300000007')
  })
})

describe('cooperative-sticky', () => {
  it('hands nothing over before its owner has given it up', () => {
    const owner = member('x', ['a'], ['a0', 'a1'])
    const first = assign('cooperative-sticky', [owner, member('y', ['a'])], { a: 2 })
    expect(first['y']).toBe('')
    expect(first['x']!.length).toBe(2)
    const second = assign('cooperative-sticky', [member('x', ['a'], [first['x']!]), member('y', ['a'])], { a: 2 })
    expect([second['x'], second['y']].sort()).toEqual(['a0', 'a1'])
    expect(second['x']).toBe(first['x'])
  })
})

describe('every assignor', () => {
  const topics = ['a', 'b', 'c']
  const groups = fc.record({
    counts: fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7)),
    subscriptions: fc.array(fc.subarray(topics, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
  })

  it.each(['range', 'roundrobin', 'sticky', 'cooperative-sticky'])(
    '%s gives each partition to exactly one subscriber',
    name => {
      fc.assert(
        fc.property(groups, ({ counts, subscriptions }) => {
          const byTopic = new Map(topics.map((topic, i) => [topic, counts[i]!]))
          const members = subscriptions.map((list, i) => member(`m${i}`, list))
          const given = [...assignorOf(name)!.assign(members, byTopic)].flatMap(([memberId, list]) =>
            list.map(({ topic, partition }) => ({ memberId, key: `${topic}${partition}`, topic })),
          )
          for (const { memberId, topic } of given) {
            expect(members.find(one => one.memberId === memberId)!.topics).toContain(topic)
          }
          const wanted = topics
            .filter(topic => members.some(one => one.topics.includes(topic)))
            .flatMap(topic => Array.from({ length: byTopic.get(topic)! }, (_, i) => `${topic}${i}`))
          expect(given.map(({ key }) => key).sort()).toEqual(wanted.sort())
        }),
      )
    },
  )

  it('sticky is balanced, and changes nothing when nothing changes', () => {
    fc.assert(
      fc.property(groups, ({ counts, subscriptions }) => {
        const byTopic = new Map(topics.map((topic, i) => [topic, counts[i]!]))
        const { assign: run } = assignorOf('sticky')!
        const members = subscriptions.map((list, i) => member(`m${i}`, list))
        const first = run(members, byTopic)
        for (const one of members) {
          for (const other of members) {
            const [mine, theirs] = [first.get(one.memberId)!, first.get(other.memberId)!]
            // Nobody holds something that another, two behind, could take.
            if (mine.length - theirs.length >= 2)
              expect(mine.some(({ topic }) => other.topics.includes(topic))).toBe(false)
          }
        }
        const again = run(
          members.map(one => ({ ...one, owned: first.get(one.memberId)! })),
          byTopic,
        )
        const sorted = (list: readonly TopicPartition[]): string[] =>
          list.map(({ topic, partition }) => `${topic}${partition}`).sort()
        for (const { memberId } of members) expect(sorted(again.get(memberId)!)).toEqual(sorted(first.get(memberId)!))
      }),
    )
  })
})
