import type { TopicPartition } from '../../api/record.ts'
import { Reader, Writer } from '../../protocol/primitives.ts'
import type { Assignor, AssignorMember } from './assignor.ts'

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/**
 * Balanced first (no member could give one to another and both be nearer to each other), then with as few moves from what
 * members have as that allows.
 */
function assignSticky(
  members: readonly AssignorMember[],
  counts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const order = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const held = new Map<string, TopicPartition[]>(order.map(({ memberId }) => [memberId, []]))
  const subscribers = new Map<string, AssignorMember[]>()
  for (const topic of [...counts.keys()].sort()) {
    const interested = order.filter(({ topics }) => topics.includes(topic))
    if (interested.length > 0) subscribers.set(topic, interested)
  }
  const owners = claims(order, counts)
  const free: TopicPartition[] = []
  for (const topic of subscribers.keys()) {
    for (let partition = 0; partition < counts.get(topic)!; partition++) {
      const owner = owners.get(keyOf({ topic, partition }))
      if (owner === undefined) free.push({ topic, partition })
      else held.get(owner)!.push({ topic, partition })
    }
  }
  // The choosiest first: what few can take must not find them full.
  free.sort((a, b) => subscribers.get(a.topic)!.length - subscribers.get(b.topic)!.length)
  const load = (member: AssignorMember): number => held.get(member.memberId)!.length
  const leastLoaded = (topic: string): AssignorMember =>
    subscribers.get(topic)!.reduce((best, member) => (load(member) < load(best) ? member : best))
  for (const partition of free) held.get(leastLoaded(partition.topic).memberId)!.push(partition)
  balance(order, held, leastLoaded, load)
  return held
}

/** Who had what: the claim of the newest generation counts; two of the same cancel each other. */
function claims(order: readonly AssignorMember[], counts: ReadonlyMap<string, number>): Map<string, string> {
  const owners = new Map<string, { readonly memberId: string | null; readonly generationId: number }>()
  for (const { memberId, owned, generationId, topics } of order) {
    for (const partition of owned) {
      if (partition.partition >= (counts.get(partition.topic) ?? 0) || !topics.includes(partition.topic)) continue
      const key = keyOf(partition)
      const other = owners.get(key)
      if (other === undefined || generationId > other.generationId) owners.set(key, { memberId, generationId })
      else if (generationId === other.generationId) owners.set(key, { memberId: null, generationId })
    }
  }
  const valid = new Map<string, string>()
  for (const [key, { memberId }] of owners) if (memberId !== null) valid.set(key, memberId)
  return valid
}

function balance(
  order: readonly AssignorMember[],
  held: Map<string, TopicPartition[]>,
  leastLoaded: (topic: string) => AssignorMember,
  load: (member: AssignorMember) => number,
): void {
  for (let moved = true; moved; ) {
    moved = false
    // From the most loaded on; every move takes two loads nearer to each other, so it ends.
    for (const member of [...order].sort((a, b) => load(b) - load(a))) {
      const mine = held.get(member.memberId)!
      for (let i = mine.length - 1; i >= 0; i--) {
        const target = leastLoaded(mine[i]!.topic)
        if (mine.length - load(target) < 2) continue
        held.get(target.memberId)!.push(mine[i]!)
        mine.splice(i, 1)
        moved = true
      }
    }
  }
}

/** Its user data is that of Kafka's own: topics with partitions, then the generation. */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  cooperative: false,
  userData(owned, generationId) {
    const topics = new Map<string, number[]>()
    for (const { topic, partition } of owned) topics.set(topic, [...(topics.get(topic) ?? []), partition])
    const writer = new Writer()
    writer.int32(topics.size)
    for (const [topic, partitions] of topics) {
      writer.string(topic)
      writer.int32(partitions.length)
      for (const partition of partitions) writer.int32(partition)
    }
    writer.int32(generationId)
    return Buffer.concat(writer.finish())
  },
  decodeUserData(bytes) {
    const reader = new Reader(bytes)
    const owned: TopicPartition[] = []
    for (let topics = reader.arrayLength(); topics > 0; topics--) {
      const topic = reader.string()
      for (let left = reader.arrayLength(); left > 0; left--) owned.push({ topic, partition: reader.int32() })
    }
    return { owned, generationId: reader.remaining >= 4 ? reader.int32() : -1 }
  },
  assign: assignSticky,
}

/** The same, in two steps: what moves is first given up by its owner, and handed out in the rebalance that follows. */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  cooperative: true,
  userData(_owned, generationId) {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(generationId)
    return bytes
  },
  assign(members, counts) {
    const result = assignSticky(members, counts)
    const owners = claims(members, counts)
    for (const [memberId, partitions] of result) {
      const kept = partitions.filter(partition => (owners.get(keyOf(partition)) ?? memberId) === memberId)
      result.set(memberId, kept)
    }
    return result
  },
}
