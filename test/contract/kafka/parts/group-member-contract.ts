import { afterEach, describe, expect, it } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { GroupMember } from '../../../../runtime/kafka/group/group-member.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { kafkaOf, quick, type Target, unique, until } from './target.ts'

/** A member that is polled until it is closed, its metadata and assignments being plain text. */
class TextMember {
  readonly events: string[] = []
  readonly member: GroupMember
  readonly #cluster: Cluster
  #closed = false
  #wake = (): void => {}
  readonly #loop: Promise<void>

  constructor(bootstrap: string, groupId: string, name: string, protocolType = 'connect') {
    this.#cluster = new Cluster(clientConfig({ 'bootstrap.servers': bootstrap, ...quick }))
    this.member = new GroupMember({
      cluster: this.#cluster,
      groupId,
      groupInstanceId: null,
      protocolType,
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 50,
      rebalanceTimeoutMs: 5000,
      log: undefined,
      protocols: () => ['sessioned', 'default'].map(protocol => ({ name: protocol, metadata: Buffer.from(name) })),
      assign: async (protocol, members, self) => {
        const names = members.map(({ metadata }) => metadata.toString()).sort()
        this.events.push(`lead ${protocol} of ${names.join()} ${members.some(({ memberId }) => memberId === self)}`)
        return new Map(
          members.map(({ memberId, metadata }) => [memberId, Buffer.from(`for ${metadata} of ${names.length}`)]),
        )
      },
      prepare: async () => {
        this.events.push('prepare')
        // Whoever waits here keeps the others waiting.
        await new Promise(resolve => setTimeout(resolve, 20))
        this.events.push('prepared')
      },
      applied: async ({ bytes }) => {
        this.events.push(bytes.toString())
        return false
      },
      lost: async () => void this.events.push('lost'),
      onDue: () => this.#wake(),
    })
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.member.poll()
      if (this.member.isDue || this.#closed) continue
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 100)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** When it is polled no more; rejects with what forbids it. */
  get ended(): Promise<void> {
    return this.#loop
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    try {
      await this.#loop
    } finally {
      await this.member.close()
      await this.#cluster.close()
    }
  }
}

export function groupMemberContract(target: () => Target): void {
  describe('group member', () => {
    const members: TextMember[] = []
    const join = (groupId: string, name: string, protocolType?: string): TextMember => {
      const made = new TextMember(target().bootstrap, groupId, name, protocolType)
      members.push(made)
      return made
    }
    afterEach(async () => {
      await Promise.all(members.splice(0).map(member => member.close()))
    })

    it('of type connect: metadata reaches the leader, its assignment the members; a hook is awaited before a rebalance', async () => {
      const groupId = unique('workers')
      const a = join(groupId, 'a')
      await until(() => a.events.length === 2)
      expect(a.events).toEqual(['lead sessioned of a true', 'for a of 1'])
      const b = join(groupId, 'b')
      await until(() => a.events.includes('for a of 2') && b.events.includes('for b of 2'))
      expect(a.events.slice(2, 4)).toEqual(['prepare', 'prepared'])
      expect([...a.events, ...b.events]).toContain('lead sessioned of a,b true')
      expect(a.member.generation.generationId).toBe(b.member.generation.generationId)
      expect(a.member.generation).toMatchObject({ protocol: 'sessioned', leaderId: b.member.generation.leaderId })
      const kafka = kafkaOf(target().bootstrap)
      try {
        const group = await kafka.admin().describeGroup(groupId)
        expect(group).toMatchObject({ state: 'Stable', protocolType: 'connect' })
        expect(group.members.map(({ assignment }) => assignment.toString()).sort()).toEqual([
          'for a of 2',
          'for b of 2',
        ])
      } finally {
        await kafka.close()
      }
      await b.close()
      await until(() => a.events.at(-1) === 'for a of 1')
    })

    it('joins anew when it asks to', async () => {
      const a = join(unique('workers'), 'a')
      await until(() => a.member.state === 'stable')
      const { generationId } = a.member.generation
      a.member.requestRejoin('a test')
      await until(() => a.member.generation.generationId > generationId && a.member.state === 'stable')
      expect(a.events.filter(event => event === 'for a of 1').length).toBe(2)
      expect(a.member.silence).toBeLessThan(5000)
    })

    it('is refused by a group of another type', async () => {
      const groupId = unique('workers')
      const a = join(groupId, 'a')
      await until(() => a.member.state === 'stable')
      const other = new TextMember(target().bootstrap, groupId, 'b', 'other')
      await expect(other.ended).rejects.toMatchObject({ kafkaCode: 'INCONSISTENT_GROUP_PROTOCOL' })
      await other.close().catch(() => {})
    })
  })
}
