import { afterEach, describe, expect, it } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { GroupMember, type GroupMemberOptions } from '../../../../runtime/kafka/group/group-member.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { errorCodes, type KafkaErrorName } from '../../../../runtime/protocol/error-codes.ts'
import { findCoordinator } from '../../../../runtime/protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../../../runtime/protocol/messages/heartbeat.ts'
import { joinGroup } from '../../../../runtime/protocol/messages/join-group.ts'
import { leaveGroup } from '../../../../runtime/protocol/messages/leave-group.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { syncGroup } from '../../../../runtime/protocol/messages/sync-group.ts'
import { type Asked, type ScriptedBroker, scriptedBroker } from '../connection/scripted-broker.ts'

let broker: ScriptedBroker
let cluster: Cluster
let member: GroupMember
const order: string[] = []

/** Codes to be answered, per API, used up one after the other; afterwards all is well. */
type Codes = Partial<Record<'JoinGroup' | 'SyncGroup' | 'Heartbeat', KafkaErrorName[]>>

const start = async (codes: Codes, changed: Partial<GroupMemberOptions> = {}): Promise<void> => {
  broker = await scriptedBroker([metadata, findCoordinator, joinGroup, syncGroup, heartbeat, leaveGroup])
  let generationId = 0
  const self = () => ({ nodeId: 1, host: broker.host, port: broker.port })
  broker.onRequest = (asked: Asked) => {
    const code = codes[asked.api.name as keyof Codes]?.shift()
    const errorCode = code === undefined ? 0 : errorCodes[code]
    const fields = asked.body as { memberId: string }
    if (asked.api === metadata) asked.answer(metadata, { brokers: [self()] })
    else if (asked.api === findCoordinator)
      asked.answer(findCoordinator, { coordinators: [{ key: 'g', ...self(), errorMessage: null }] })
    else {
      if (asked.api !== heartbeat || code !== undefined)
        order.push(`${asked.api.name}${asked.api === joinGroup ? ` ${fields.memberId || 'new'}` : ''} ${code ?? 'ok'}`)
      if (asked.api === joinGroup) {
        const memberId = 'm1'
        if (errorCode === 0) generationId++
        asked.answer(joinGroup, {
          errorCode,
          generationId,
          memberId,
          leader: memberId,
          protocolName: 'p',
          members: [{ memberId, metadata: Buffer.alloc(0) }],
        })
      } else if (asked.api === syncGroup) asked.answer(syncGroup, { errorCode, assignment: Buffer.from('mine') })
      else if (asked.api === heartbeat) asked.answer(heartbeat, { errorCode })
      else asked.answer(leaveGroup, {})
    }
  }
  cluster = new Cluster(
    clientConfig({ 'bootstrap.servers': broker.bootstrap, 'retry.backoff.ms': '1', 'retry.backoff.max.ms': '3' }),
  )
  member = new GroupMember({
    cluster,
    groupId: 'g',
    groupInstanceId: null,
    protocolType: 'connect',
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 10,
    rebalanceTimeoutMs: 5000,
    log: undefined,
    protocols: () => [{ name: 'p', metadata: Buffer.alloc(0) }],
    assign: async () => new Map([['m1', Buffer.from('mine')]]),
    prepare: async () => void order.push('prepare'),
    applied: async ({ bytes }) => {
      order.push(`applied ${bytes}`)
      return false
    },
    lost: async () => void order.push('lost'),
    onDue: () => {},
    ...changed,
  })
}

const pollUntil = async (condition: () => boolean): Promise<void> => {
  while (!condition()) {
    await member.poll()
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
const stable =
  (times = 1) =>
  () =>
    member.state === 'stable' && order.filter(one => one.startsWith('applied')).length >= times

afterEach(async () => {
  await member.close()
  await cluster.close()
  await broker.close()
  order.length = 0
})

const joined = ['JoinGroup m1 ok', 'SyncGroup ok', 'applied mine']

describe(GroupMember, () => {
  it('joins under the id it is given, and leaves', async () => {
    await start({ JoinGroup: ['MEMBER_ID_REQUIRED'] })
    await pollUntil(stable())
    await member.close()
    expect(order).toEqual(['JoinGroup new MEMBER_ID_REQUIRED', ...joined, 'LeaveGroup ok'])
  })

  it('closed while its first join is under way: it hears its name and leaves under it, without joining on', async () => {
    await start({ JoinGroup: ['MEMBER_ID_REQUIRED'] })
    const { onRequest } = broker
    const held: Asked[] = []
    broker.onRequest = asked => (asked.api === joinGroup ? held.push(asked) : onRequest(asked))
    await pollUntil(() => held.length > 0)
    const closed = member.close()
    broker.onRequest = onRequest
    onRequest(held[0]!)
    await closed
    expect(order).toEqual(['JoinGroup new MEMBER_ID_REQUIRED', 'LeaveGroup ok'])
  })

  it.each(['COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR', 'REBALANCE_IN_PROGRESS'] as const)(
    'joining gets over %s',
    async code => {
      await start({ JoinGroup: [code], SyncGroup: [code] })
      await pollUntil(stable())
      expect(order).toEqual([`JoinGroup new ${code}`, 'JoinGroup new ok', `SyncGroup ${code}`, ...joined])
    },
  )

  it('gets ready before it joins a rebalance', async () => {
    await start({ Heartbeat: ['REBALANCE_IN_PROGRESS'] })
    await pollUntil(stable(2))
    expect(order).toEqual([
      'JoinGroup new ok',
      'SyncGroup ok',
      'applied mine',
      'Heartbeat REBALANCE_IN_PROGRESS',
      'prepare',
      ...joined,
    ])
  })

  it('hears soon of a round that follows another', async () => {
    await start({ Heartbeat: ['REBALANCE_IN_PROGRESS'] }, { heartbeatIntervalMs: 60_000, followUpMs: 60_000 })
    await pollUntil(stable(2))
    expect(order.filter(one => one.startsWith('JoinGroup'))).toHaveLength(2)
  })

  it('lets go when the group does not know it any more, and joins as a new member', async () => {
    await start({ Heartbeat: ['UNKNOWN_MEMBER_ID'] })
    await pollUntil(stable(2))
    expect(order.slice(3)).toEqual([
      'Heartbeat UNKNOWN_MEMBER_ID',
      'lost',
      'JoinGroup new ok',
      'SyncGroup ok',
      'applied mine',
    ])
  })

  it('keeps its id when only its generation is over', async () => {
    await start({ Heartbeat: ['ILLEGAL_GENERATION'] })
    await pollUntil(stable(2))
    expect(order.slice(3)).toEqual(['Heartbeat ILLEGAL_GENERATION', 'lost', ...joined])
  })

  it('beats on while its owner gets ready, however long that takes', async () => {
    let beats = 0
    await start(
      { Heartbeat: ['REBALANCE_IN_PROGRESS'] },
      {
        prepare: async () => {
          const { onRequest } = broker
          broker.onRequest = asked => {
            if (asked.api === heartbeat) beats++
            onRequest(asked)
          }
          while (beats < 3) await new Promise(resolve => setTimeout(resolve, 1))
        },
      },
    )
    await pollUntil(stable(2))
    expect(beats).toBeGreaterThanOrEqual(3)
  })

  it.each(['FENCED_INSTANCE_ID', 'GROUP_AUTHORIZATION_FAILED', 'INCONSISTENT_GROUP_PROTOCOL'] as const)(
    '%s is the end',
    async code => {
      await start({ JoinGroup: [code] })
      await expect(pollUntil(stable())).rejects.toMatchObject({ kafkaCode: code })
      await expect(member.poll()).rejects.toMatchObject({ kafkaCode: code })
    },
  )

  it('what a hook throws comes out of the poll, and the hook is still due', async () => {
    let tries = 0
    await start(
      {},
      {
        applied: async () => {
          if (++tries === 1) throw new Error('not yet')
          order.push('applied')
          return false
        },
      },
    )
    await expect(pollUntil(stable())).rejects.toThrow('not yet')
    expect([member.state, member.isDue]).toEqual(['assigned', true])
    await pollUntil(stable())
    expect(tries).toBe(2)
  })
})
