import { describe, expect, test } from 'vitest'
import { Coordinator } from '../../../../runtime/broker/groups/coordinator.ts'
import type { JoinRequest } from '../../../../runtime/broker/groups/member.ts'
import { brokerSettings } from '../../../../runtime/broker/settings/broker-settings.ts'
import { OFFSETS_TOPIC, Topics } from '../../../../runtime/broker/topics/topics.ts'
import { readAll, type TestParts, tempFolder, testParts } from '../log-folder.ts'

const SETTINGS = { 'group.min.session.timeout.ms': '10', 'offsets.retention.minutes': '10' }
const { settings } = brokerSettings(SETTINGS)

async function open(folder: string, parts: TestParts) {
  const topics = await Topics.open(folder, settings, parts)
  const groups = await Coordinator.open({ ...parts, settings, topics })
  return {
    topics,
    groups,
    async close() {
      groups.close()
      await topics.close()
    },
  }
}

const request = (over: Partial<JoinRequest> = {}): JoinRequest => ({
  memberId: '',
  instanceId: null,
  clientId: 'client',
  clientHost: '/127.0.0.1',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from('about') }],
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 30_000,
  newMemberId: 'm',
  requiresKnownMember: false,
  canSkipAssignment: false,
  ...over,
})

const offset = (partition: number, offset: number) => ({
  topic: 't',
  partition,
  offset,
  leaderEpoch: 0,
  metadata: 'note',
})

const stable = async ({ groups }: Awaited<ReturnType<typeof open>>): Promise<void> => {
  const { memberId, generation } = await groups.join('g', request())
  const assignments = new Map([[memberId, Buffer.from('all')]])
  const sync = { memberId, instanceId: null, generation, protocolType: null, protocol: null, assignments }
  expect((await groups.sync('g', sync)).assignment.toString()).toBe('all')
}

describe('the coordinator', () => {
  test('brings members, generation and offsets back after a restart', async () => {
    const folder = await tempFolder()
    const parts = testParts()
    let broker = await open(folder, parts)
    await stable(broker)
    expect(broker.groups.checkCommit('g', 'm', null, 1)).toBe('NONE')
    await broker.topics.create({ name: 't', partitions: 2 })
    await broker.groups.commit('g', [offset(0, 5), offset(1, 7)])
    await broker.groups.commit('g', [offset(0, 6)])
    await broker.groups.commit('other', [offset(0, 1)])
    await broker.groups.deleteOffsets('g', [{ topic: 't', partition: 1 }])
    expect(await broker.groups.deleteGroup('other')).toBe('NONE')
    await broker.close()

    broker = await open(folder, parts)
    expect(broker.groups.heartbeat('g', 'm', null, 1)).toBe('NONE')
    expect(broker.groups.get('g')!.group.members.get('m')).toMatchObject({ clientHost: '/127.0.0.1' })
    expect(broker.groups.get('g')!.offset('t', 0)).toMatchObject({ offset: 6, metadata: 'note' })
    expect(broker.groups.get('g')!.offset('t', 1)).toBe(undefined)
    expect(broker.groups.get('other')).toBe(undefined)
    await broker.close()
  })

  test('forgets at start what was committed for topics that are gone', async () => {
    const folder = await tempFolder()
    const parts = testParts()
    let broker = await open(folder, parts)
    await broker.topics.create({ name: 't', partitions: 1 })
    await broker.groups.commit('g', [offset(0, 5), { ...offset(0, 9), topic: 'gone' }])
    await broker.close()
    broker = await open(folder, parts)
    expect([...broker.groups.get('g')!.topics().keys()]).toEqual(['t'])
    await broker.close()
  })

  test('answers joins that make no sense, and what concerns unknown groups', async () => {
    const broker = await open(await tempFolder(), testParts())
    const join = async (group: string, over: Partial<JoinRequest>) =>
      (await broker.groups.join(group, request(over))).error
    expect(await join('', {})).toBe('INVALID_GROUP_ID')
    expect(await join('g', { sessionTimeoutMs: 9 })).toBe('INVALID_SESSION_TIMEOUT')
    expect(await join('g', { sessionTimeoutMs: 1_800_001 })).toBe('INVALID_SESSION_TIMEOUT')
    expect(await join('g', { memberId: 'who' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await join('g', { protocols: [] })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(broker.groups.heartbeat('none', 'm', null, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(broker.groups.leave('none', 'm', null)).toBe('UNKNOWN_MEMBER_ID')
    expect(broker.groups.checkCommit('none', 'm', null, 3)).toBe('ILLEGAL_GENERATION')
    expect(await broker.groups.deleteGroup('none')).toBe('GROUP_ID_NOT_FOUND')
    expect([...broker.groups.all()]).toEqual([])
    await broker.close()
  })

  test('deletes no group with members, nor offsets of a group that is not of type consumer', async () => {
    const broker = await open(await tempFolder(), testParts())
    await stable(broker)
    expect(await broker.groups.deleteGroup('g')).toBe('NON_EMPTY_GROUP')
    expect(broker.groups.checkOffsetDelete('g')).toBe('NONE')
    void broker.groups.join('c', request({ protocolType: 'connect' }))
    expect(broker.groups.checkOffsetDelete('c')).toBe('NON_EMPTY_GROUP')
    expect(broker.groups.get('g')!.isSubscribedTo('t')).toBe(true)
    await broker.close()
  })

  test("forgets a deleted topic's offsets", async () => {
    const broker = await open(await tempFolder(), testParts())
    await broker.groups.commit('g', [offset(0, 5), { ...offset(0, 9), topic: 'other' }])
    const late = broker.groups.commit('g', [offset(1, 7)])
    await broker.groups.topicDeleted('t')
    await late
    expect([...broker.groups.get('g')!.topics().keys()]).toEqual(['other'])
    await broker.close()
  })

  test('forgets offsets of groups without members after offsets.retention.minutes, for good', async () => {
    const folder = await tempFolder()
    const parts = testParts()
    let broker = await open(folder, parts)
    await stable(broker)
    await broker.groups.commit('g', [offset(0, 5)])
    await broker.groups.commit('standalone', [offset(0, 5)])
    parts.clock.time += 9 * 60_000
    await broker.groups.commit('standalone', [offset(1, 5)])
    parts.clock.time += 60_001
    await broker.groups.expire()
    expect(broker.groups.get('g')!.hasOffsets).toBe(true)
    expect(broker.groups.get('standalone')!.offset('t', 0)).toBe(undefined)
    expect(broker.groups.get('standalone')!.offset('t', 1)).toMatchObject({ offset: 5 })
    broker.groups.leave('g', 'm', null)
    parts.clock.time += 10 * 60_000 - 1
    await broker.groups.expire()
    expect(broker.groups.get('g')!.hasOffsets).toBe(true)
    parts.clock.time += 2
    await broker.groups.expire()
    expect([...broker.groups.all()]).toEqual([])
    await broker.close()
    broker = await open(folder, parts)
    expect([...broker.groups.all()]).toEqual([])
    expect((await readAll(broker.topics.partition(OFFSETS_TOPIC, 0))).length).toBeGreaterThan(5)
    await broker.close()
  })

  test('drops a member that falls silent, on its own', async () => {
    const { clock: _, ...parts } = testParts()
    const clock = { now: () => Date.now(), monotonic: () => performance.now() }
    const topics = await Topics.open(await tempFolder(), settings, { ...parts, clock })
    const groups = await Coordinator.open({ ...parts, clock, settings, topics })
    const first = await groups.join('g', request({ sessionTimeoutMs: 30 }))
    expect(first.error).toBe('NONE')
    // The second waits for the first, which never comes back.
    const second = await groups.join('g', request({ newMemberId: 'second', rebalanceTimeoutMs: 20_000 }))
    expect(second).toMatchObject({ error: 'NONE', leader: 'second', generation: 2 })
    groups.close()
    await topics.close()
  })
})
