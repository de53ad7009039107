import { describe, expect, test } from 'vitest'
import { Group, type GroupState } from '../../../../runtime/broker/groups/group.ts'
import type { JoinRequest, JoinResult, SyncResult } from '../../../../runtime/broker/groups/member.ts'
import type { KafkaErrorName } from '../../../../runtime/protocol/error-codes.ts'

const SESSION = 10_000
const REBALANCE = 60_000

/** A group with its members' answers written down: `a joined 1 leader of a,b`, `b synced "share of b"`. */
class Stage {
  readonly log: string[] = []
  now = 0
  stored = 0
  ids = 0
  readonly group: Group

  constructor(initialRebalanceDelayMs = 0, maxSize = 100) {
    this.group = new Group('g', 0, { initialRebalanceDelayMs, maxSize, changed: () => this.stored++ })
  }

  join(name: string, over: Partial<JoinRequest> = {}): void {
    const request: JoinRequest = {
      memberId: name,
      instanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from(`about ${name}`) }],
      sessionTimeoutMs: SESSION,
      rebalanceTimeoutMs: REBALANCE,
      newMemberId: over.memberId === '' ? `${name}` : `new-${this.ids++}`,
      requiresKnownMember: false,
      canSkipAssignment: false,
      ...over,
    }
    this.group.join(request, this.now, result => this.log.push(`${name} ${describeJoin(result)}`))
  }

  /** Joins with the id that the group gives: the name. */
  enter(name: string, over: Partial<JoinRequest> = {}): void {
    this.join(name, { memberId: '', ...over })
  }

  sync(name: string, assignments: Record<string, string> = {}, generation = this.group.generation): void {
    const given = new Map(Object.entries(assignments).map(([id, text]) => [id, Buffer.from(text)]))
    const request = { memberId: name, instanceId: null, generation, protocolType: null, protocol: null }
    this.group.sync({ ...request, assignments: given }, this.now, result => {
      this.log.push(`${name} ${describeSync(result)}`)
    })
  }

  heartbeat(name: string, generation = this.group.generation): KafkaErrorName {
    return this.group.heartbeat(name, null, generation, this.now)
  }

  /** Lets time pass in the steps that the group asks for. */
  pass(ms: number): void {
    const end = this.now + ms
    while (this.group.nextDeadline() <= end) {
      this.now = Math.max(this.now, this.group.nextDeadline())
      this.group.tick(this.now)
    }
    this.now = end
  }

  /** What was answered since the last call. */
  take(): string[] {
    return this.log.splice(0)
  }
}

const describeJoin = (result: JoinResult): string => {
  if (result.error !== 'NONE')
    return `${result.error}${result.error === 'MEMBER_ID_REQUIRED' ? ` ${result.memberId}` : ''}`
  const members = result.members.map(m => m.memberId).join()
  const role = members === '' ? `under ${result.leader}` : `leader of ${members}`
  return `joined ${result.generation} ${role}${result.skipAssignment ? ' as assigned' : ''}`
}

const describeSync = ({ error, assignment }: SyncResult): string =>
  error === 'NONE' ? `synced "${assignment.toString()}"` : `sync ${error}`

/** A group in each state, with members a (leader) and b, except when empty. */
const stages: Record<Exclude<GroupState, 'Dead'>, () => Stage> = {
  Empty: () => new Stage(),
  PreparingRebalance: () => {
    const stage = stages.Stable()
    stage.join('b', { protocols: [{ name: 'range', metadata: Buffer.from('b has changed') }] })
    return stage
  },
  CompletingRebalance: () => {
    const stage = new Stage()
    stage.enter('a')
    stage.enter('b')
    stage.join('a')
    stage.take()
    return stage
  },
  Stable: () => {
    const stage = stages.CompletingRebalance()
    stage.sync('a', { a: 'share of a', b: 'share of b' })
    stage.sync('b')
    stage.take()
    return stage
  },
}

describe('a group', () => {
  test('gathers, lets the leader assign, and tells each member its share', () => {
    const stage = new Stage()
    stage.enter('a')
    expect(stage.take()).toEqual(['a joined 1 leader of a'])
    stage.enter('b')
    expect(stage.group.state).toBe('PreparingRebalance')
    expect(stage.heartbeat('a')).toBe('REBALANCE_IN_PROGRESS')
    stage.join('a')
    expect(stage.take()).toEqual(['a joined 2 leader of a,b', 'b joined 2 under a'])
    stage.sync('b')
    expect(stage.take()).toEqual([])
    stage.sync('a', { a: 'x', b: 'y' })
    expect(stage.take()).toEqual(['a synced "x"', 'b synced "y"'])
    expect(stage.group.state).toBe('Stable')
    expect(stage.heartbeat('b')).toBe('NONE')
  })

  /** What each request meets in each state. A missing cell does not compile. */
  const table: Record<
    | 'newcomer'
    | 'leader again'
    | 'follower again'
    | 'follower changed'
    | 'sync'
    | 'heartbeat'
    | 'leave'
    | 'commit'
    | 'commit from outside',
    {
      run(stage: Stage): KafkaErrorName | undefined
      outcome: Record<Exclude<GroupState, 'Dead'>, readonly [GroupState, ...string[]]>
    }
  > = {
    newcomer: {
      run: stage => void stage.enter('c'),
      outcome: {
        Empty: ['CompletingRebalance', 'c joined 1 leader of c'],
        PreparingRebalance: ['PreparingRebalance'],
        CompletingRebalance: ['PreparingRebalance'],
        Stable: ['PreparingRebalance'],
      },
    },
    'leader again': {
      run: stage => void stage.join('a'),
      outcome: {
        Empty: ['Empty', 'a UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['CompletingRebalance', 'a joined 3 leader of a,b', 'b joined 3 under a'],
        CompletingRebalance: ['CompletingRebalance', 'a joined 2 leader of a,b'],
        Stable: ['PreparingRebalance'],
      },
    },
    'follower again': {
      run: stage => void stage.join('b'),
      outcome: {
        Empty: ['Empty', 'b UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'b UNKNOWN_MEMBER_ID'],
        CompletingRebalance: ['CompletingRebalance', 'b joined 2 under a'],
        Stable: ['Stable', 'b joined 2 under a'],
      },
    },
    'follower changed': {
      run: stage => void stage.join('b', { protocols: [{ name: 'range', metadata: Buffer.from('other') }] }),
      outcome: {
        Empty: ['Empty', 'b UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'b UNKNOWN_MEMBER_ID'],
        CompletingRebalance: ['PreparingRebalance'],
        Stable: ['PreparingRebalance'],
      },
    },
    sync: {
      run: stage => void stage.sync('b'),
      outcome: {
        Empty: ['Empty', 'b sync UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'b sync REBALANCE_IN_PROGRESS'],
        CompletingRebalance: ['CompletingRebalance'],
        Stable: ['Stable', 'b synced "share of b"'],
      },
    },
    heartbeat: {
      run: stage => stage.heartbeat('b'),
      outcome: {
        Empty: ['Empty', 'UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'REBALANCE_IN_PROGRESS'],
        CompletingRebalance: ['CompletingRebalance', 'NONE'],
        Stable: ['Stable', 'NONE'],
      },
    },
    leave: {
      run: stage => stage.group.leave('b', null, stage.now),
      outcome: {
        Empty: ['Empty', 'UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'b UNKNOWN_MEMBER_ID', 'NONE'],
        CompletingRebalance: ['PreparingRebalance', 'NONE'],
        Stable: ['PreparingRebalance', 'NONE'],
      },
    },
    commit: {
      run: stage => stage.group.checkCommit('b', null, stage.group.generation, stage.now),
      outcome: {
        Empty: ['Empty', 'UNKNOWN_MEMBER_ID'],
        PreparingRebalance: ['PreparingRebalance', 'NONE'],
        CompletingRebalance: ['CompletingRebalance', 'REBALANCE_IN_PROGRESS'],
        Stable: ['Stable', 'NONE'],
      },
    },
    'commit from outside': {
      run: stage => stage.group.checkCommit('', null, -1, stage.now),
      outcome: {
        Empty: ['Empty', 'NONE'],
        PreparingRebalance: ['PreparingRebalance', 'UNKNOWN_MEMBER_ID'],
        CompletingRebalance: ['CompletingRebalance', 'UNKNOWN_MEMBER_ID'],
        Stable: ['Stable', 'UNKNOWN_MEMBER_ID'],
      },
    },
  }
  const cells = Object.entries(table).flatMap(([event, { run, outcome }]) =>
    Object.entries(outcome).map(([state, expected]) => [event, state, run, expected] as const),
  )
  test.each(cells)('%s in state %s', (_, state, run, expected) => {
    const stage = stages[state as keyof typeof stages]()
    const result = run(stage)
    const [after, ...answers] = expected
    expect([stage.group.state, ...stage.take(), ...(result === undefined ? [] : [result])]).toEqual([after, ...answers])
  })

  test.each(Object.keys(stages) as (keyof typeof stages)[])(
    'answers nobody any more when deleted from state %s',
    state => {
      const stage = stages[state]()
      stage.group.die()
      stage.take()
      stage.enter('c')
      stage.sync('a')
      expect(stage.take()).toEqual(['c COORDINATOR_NOT_AVAILABLE', 'a sync COORDINATOR_NOT_AVAILABLE'])
      expect(stage.heartbeat('a')).toBe('COORDINATOR_NOT_AVAILABLE')
      expect(stage.group.leave('a', null, 0)).toBe('COORDINATOR_NOT_AVAILABLE')
      expect(stage.group.checkCommit('a', null, 1, 0)).toBe('COORDINATOR_NOT_AVAILABLE')
      expect(stage.group.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
    },
  )

  test('drops a silent member, and one that does not join again in time', () => {
    const stage = stages.Stable()
    stage.pass(SESSION - 1)
    stage.heartbeat('a')
    expect(stage.group.state).toBe('Stable')
    stage.pass(1)
    expect(stage.group.state).toBe('PreparingRebalance')
    stage.join('a')
    expect(stage.take()).toEqual(['a joined 3 leader of a'])

    const slow = stages.Stable()
    slow.enter('c')
    for (let t = 0; t < REBALANCE; t += SESSION / 2) {
      for (const name of ['a', 'b']) slow.heartbeat(name)
      if (t === SESSION) slow.join('a')
      slow.pass(SESSION / 2)
    }
    expect(slow.take()).toEqual(['a joined 3 leader of a,c', 'c joined 3 under a'])
    expect(slow.heartbeat('b')).toBe('UNKNOWN_MEMBER_ID')
  })

  test('drops members that do not sync, and gathers the others again', () => {
    const stage = stages.CompletingRebalance()
    stage.sync('b')
    for (let t = 0; t < REBALANCE; t += SESSION / 2) {
      stage.heartbeat('a')
      stage.pass(SESSION / 2)
    }
    expect(stage.take()).toEqual(['b sync REBALANCE_IN_PROGRESS'])
    stage.join('b')
    expect(stage.take()).toEqual(['b joined 3 leader of b'])
  })

  test('is empty when the last member leaves, and remembers its generation', () => {
    const stage = stages.Stable()
    const stored = stage.stored
    stage.group.leave('a', null, 0)
    stage.group.leave('b', null, 0)
    expect([stage.group.state, stage.group.generation, stage.stored]).toEqual(['Empty', 3, stored + 1])
    stage.enter('c')
    expect(stage.take()).toEqual(['c joined 4 leader of c'])
  })

  test('tells a member its id first where the client knows how to come again', () => {
    const stage = new Stage()
    stage.enter('a', { requiresKnownMember: true, newMemberId: 'a-id' })
    expect(stage.take()).toEqual(['a MEMBER_ID_REQUIRED a-id'])
    stage.enter('b')
    stage.join('a-id')
    expect(stage.take()).toEqual(['a-id joined 1 under b', 'b joined 1 leader of b,a-id'].sort().reverse())
  })

  test('waits for a member that was told its id, but not for ever', () => {
    const stage = new Stage()
    stage.enter('a', { requiresKnownMember: true, newMemberId: 'a-id' })
    stage.take()
    stage.enter('b')
    expect(stage.take()).toEqual([])
    stage.pass(SESSION)
    expect(stage.take()).toEqual(['b joined 1 leader of b'])
    stage.join('a-id')
    expect(stage.take()).toEqual(['a-id UNKNOWN_MEMBER_ID'])
  })

  test('takes the protocol that most prefer among those all have', () => {
    const stage = new Stage()
    const offer = (...names: string[]) => ({ protocols: names.map(name => ({ name, metadata: Buffer.alloc(0) })) })
    stage.enter('a', offer('sticky', 'range', 'robin'))
    stage.enter('b', offer('robin', 'range'))
    stage.enter('c', offer('range', 'robin'))
    stage.enter('d', offer('none of these'))
    stage.enter('e', { protocolType: 'connect' })
    stage.enter('f', offer())
    expect(stage.take().slice(1)).toEqual(['d', 'e', 'f'].map(name => `${name} INCONSISTENT_GROUP_PROTOCOL`))
    stage.join('a', offer('sticky', 'range', 'robin'))
    expect(stage.group.protocol).toBe('range')
  })

  test('fences the old id of a static member, and goes on without a rebalance', () => {
    const stage = new Stage()
    const staticA = { instanceId: 'instance-a', protocols: [{ name: 'range', metadata: Buffer.from('about a') }] }
    stage.enter('a', staticA)
    stage.sync('a', { a: 'all' })
    stage.take()
    stage.enter('a2', staticA)
    expect(stage.take()).toEqual(['a2 joined 1 under a'])
    expect(stage.group.heartbeat('a', 'instance-a', 1, 0)).toBe('FENCED_INSTANCE_ID')
    expect(stage.group.heartbeat('a2', 'instance-a', 1, 0)).toBe('NONE')
    stage.sync('a2')
    expect(stage.take()).toEqual(['a2 synced "all"'])
    stage.enter('a3', { ...staticA, canSkipAssignment: true })
    expect(stage.take()).toEqual(['a3 joined 1 leader of a3 as assigned'])
    // With something new to say it does rebalance.
    stage.enter('a4', { ...staticA, protocols: [{ name: 'range', metadata: Buffer.from('changed') }] })
    expect(stage.take()).toEqual(['a4 joined 2 leader of a4'])
    expect(stage.group.leave('', 'instance-a', 0)).toBe('NONE')
    expect(stage.group.state).toBe('Empty')
    expect(stage.group.leave('', 'instance-a', 0)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('keeps the place of a static member that is away, until its session ends', () => {
    const stage = new Stage()
    stage.enter('s', { instanceId: 'i', sessionTimeoutMs: 200_000 })
    stage.enter('a')
    stage.join('s', { instanceId: 'i', sessionTimeoutMs: 200_000 })
    stage.take()
    expect(stage.group.members.size).toBe(2)
    stage.enter('b')
    for (let t = 0; t < REBALANCE; t += 5000) {
      stage.heartbeat('a')
      if (t === 5000) stage.join('a')
      stage.pass(5000)
    }
    expect(stage.group.members.has('s')).toBe(true)
    expect(stage.take()).toEqual(['a joined 3 leader of s,a,b', 'b joined 3 under a'])
  })

  test('waits before the first rebalance as long as more members come', () => {
    const stage = new Stage(3000)
    stage.enter('a')
    stage.pass(2000)
    stage.enter('b')
    stage.pass(2999)
    expect(stage.take()).toEqual([])
    stage.pass(1001)
    expect(stage.take()).toEqual(['a joined 1 leader of a,b', 'b joined 1 under a'])
  })

  test('takes no more members than it may have', () => {
    const stage = new Stage(0, 2)
    stage.enter('a')
    stage.enter('b', { requiresKnownMember: true, newMemberId: 'b' })
    stage.enter('c')
    expect(stage.take().at(-1)).toBe('c GROUP_MAX_SIZE_REACHED')
    stage.join('b')
    stage.join('a')
    expect(stage.group.members.size).toBe(2)
  })

  test('refuses another generation, another protocol, and forgotten newcomers of old clients', () => {
    const stage = stages.Stable()
    stage.sync('b', {}, 1)
    expect(stage.take()).toEqual(['b sync ILLEGAL_GENERATION'])
    expect(stage.heartbeat('b', 1)).toBe('ILLEGAL_GENERATION')
    expect(stage.group.checkCommit('b', null, 1, 0)).toBe('ILLEGAL_GENERATION')
    const request = { memberId: 'b', instanceId: null, generation: 2, assignments: new Map<string, Buffer>() }
    const answers: SyncResult[] = []
    stage.group.sync({ ...request, protocolType: 'connect', protocol: null }, 0, r => answers.push(r))
    stage.group.sync({ ...request, protocolType: 'consumer', protocol: 'robin' }, 0, r => answers.push(r))
    expect(answers.map(a => a.error)).toEqual(['INCONSISTENT_GROUP_PROTOCOL', 'INCONSISTENT_GROUP_PROTOCOL'])
  })

  test('comes back from what was stored: members keep generation and shares, for one session', () => {
    const before = stages.Stable()
    const after = new Stage()
    after.group.restore(before.group.snapshot(), 0)
    expect(after.group.state).toBe('Stable')
    expect(after.heartbeat('b', 2)).toBe('NONE')
    after.sync('b')
    expect(after.take()).toEqual(['b synced "share of b"'])
    after.pass(SESSION)
    expect(after.group.members.size).toBe(0)
    expect(after.group.state).toBe('Empty')
  })
})
