import type { TopicPartition } from '../../api/record.ts'
import type { Assignor, AssignorMember } from './assignor.ts'
import { cooperativeStickyAssignor, stickyAssignor } from './sticky-assignor.ts'

/** Static members keep their place when they come back under another member id. */
const inOrder = (members: readonly AssignorMember[]): AssignorMember[] =>
  [...members].sort((a, b) => {
    if (a.groupInstanceId !== null && b.groupInstanceId !== null) return compare(a.groupInstanceId, b.groupInstanceId)
    if (a.groupInstanceId !== null) return -1
    if (b.groupInstanceId !== null) return 1
    return compare(a.memberId, b.memberId)
  })

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Topic by topic, neighbouring partitions to one member; the first members get one more where it does not come out even. */
const rangeAssignor: Assignor = {
  name: 'range',
  cooperative: false,
  userData: () => null,
  assign(members, counts) {
    const result = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
    for (const topic of subscribedTopics(members)) {
      const count = counts.get(topic) ?? 0
      const interested = inOrder(members.filter(({ topics }) => topics.includes(topic)))
      const each = Math.floor(count / interested.length)
      const extra = count % interested.length
      let next = 0
      interested.forEach(({ memberId }, i) => {
        for (const end = next + each + (i < extra ? 1 : 0); next < end; next++) {
          result.get(memberId)!.push({ topic, partition: next })
        }
      })
    }
    return result
  },
}

/** All partitions of all topics in turn. */
const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  cooperative: false,
  userData: () => null,
  assign(members, counts) {
    const result = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
    const order = inOrder(members)
    let at = 0
    for (const topic of subscribedTopics(members)) {
      for (let partition = 0; partition < (counts.get(topic) ?? 0); partition++) {
        while (!order[at % order.length]!.topics.includes(topic)) at++
        result.get(order[at++ % order.length]!.memberId)!.push({ topic, partition })
      }
    }
    return result
  },
}

export const subscribedTopics = (members: readonly AssignorMember[]): string[] =>
  [...new Set(members.flatMap(({ topics }) => topics))].sort()

const assignors: ReadonlyMap<string, Assignor> = new Map([
  ['org.apache.kafka.clients.consumer.RangeAssignor', rangeAssignor],
  ['org.apache.kafka.clients.consumer.RoundRobinAssignor', roundRobinAssignor],
  ['org.apache.kafka.clients.consumer.StickyAssignor', stickyAssignor],
  ['org.apache.kafka.clients.consumer.CooperativeStickyAssignor', cooperativeStickyAssignor],
])

/** By Kafka's class name or the assignor's own; undefined: there is none. */
export function assignorOf(name: string): Assignor | undefined {
  const byClass = assignors.get(name)
  if (byClass !== undefined) return byClass
  for (const assignor of assignors.values()) if (assignor.name === name) return assignor
  return undefined
}

export const DEFAULT_ASSIGNORS: readonly string[] = ['range', 'cooperative-sticky']
