import { beforeEach, describe, expect, test } from 'vitest'
import { deferred } from '../../../../runtime/base/deferred.ts'
import { CodedError } from '../../../../runtime/base/errors.ts'
import { SourceFencing } from '../../../../runtime/herder/distributed/source-fencing.ts'
import type { Admin } from '../../../../runtime/kafka/ports.ts'
import { ConfigLog } from '../../../../runtime/stores/config-log.ts'
import type { ClusterConfigStore } from '../../../../runtime/stores/ports.ts'
import { recordingLog } from '../../../support/fakes/log.ts'

let log: ConfigLog
let fenced: string[][]
let gate: Promise<void>
let isOwned: boolean

const commit = (connector: string, tasks: number) => {
  for (let task = 0; task < tasks; task++) log.apply({ kind: 'task', connector, task, props: {} })
  log.apply({ kind: 'commit', connector, tasks })
}

const fencingOf = (exactlyOnce = true, member: { isLeader: boolean } = { isLeader: true }) =>
  new SourceFencing({
    settings: { groupId: 'g', exactlyOnce },
    configs: {
      readToEnd: async () => {},
      get: (name: string) => log.get(name),
      generation: (name: string) => log.generation(name),
      fencedTasks: (name: string) => log.fencedTasks(name),
      needsFencing: (name: string) => log.needsFencing(name),
      putFencing: async (connector: string, tasks: number, generation: number) => {
        if (log.generation(connector) !== generation) throw new CodedError('FENCING_OUTDATED')
        log.apply({ kind: 'fencing', connector, tasks })
      },
    } as unknown as ClusterConfigStore,
    signing: { signatureAlgorithm: 'HmacSHA256' },
    member: () => Object.assign(member, { settled: async () => {}, leaderUrl: undefined, isSessioned: true }),
    admin: async () =>
      ({
        fenceProducers: async ids => {
          fenced.push([...ids])
          await gate
        },
      }) as Partial<Admin> as Admin,
    isSource: props => props['kind'] !== 'sink',
    log: recordingLog(),
  })

beforeEach(() => {
  log = new ConfigLog()
  log.apply({ kind: 'connector', connector: 'c', props: {} })
  fenced = []
  gate = Promise.resolve()
  isOwned = true
})

describe('a fencing round', () => {
  test('the first set of tasks has nobody to fence, and is recorded', async () => {
    commit('c', 3)
    await fencingOf().round('c')
    expect([fenced, log.fencedTasks('c'), log.needsFencing('c')]).toEqual([[], 3, false])
  })

  test('all ids of the recorded set are fenced, once for each new set', async () => {
    const fencing = fencingOf()
    commit('c', 2)
    await fencing.round('c')
    commit('c', 1)
    await Promise.all([fencing.round('c'), fencing.round('c')])
    await fencing.round('c')
    expect(fenced).toEqual([['g-c-0', 'g-c-1']])
    commit('c', 1)
    await fencing.round('c')
    // One task then and one now: the new one fences the old by taking its id.
    expect(fenced).toHaveLength(1)
    commit('c', 4)
    await fencing.round('c')
    expect([fenced[1], log.fencedTasks('c')]).toEqual([['g-c-0'], 4])
  })

  test('a new set of tasks meanwhile makes it void', async () => {
    const fencing = fencingOf()
    commit('c', 2)
    await fencing.round('c')
    commit('c', 3)
    const hold = deferred()
    gate = hold.promise
    const round = fencing.round('c')
    await Promise.resolve()
    commit('c', 5)
    hold.resolve()
    await expect(round).rejects.toThrow(
      'Failed to complete zombie fencing because a new set of task configs was generated',
    )
    expect([log.fencedTasks('c'), log.needsFencing('c')]).toEqual([2, true])
  })

  test('only of a source that is there', async () => {
    log.apply({ kind: 'connector', connector: 's', props: { kind: 'sink' } })
    await expect(fencingOf().round('s')).rejects.toThrow('Connector s is not a source connector')
    await expect(fencingOf().round('x')).rejects.toThrow('Connector x not found')
  })

  test('without exactly-once support nothing is fenced', async () => {
    commit('c', 2)
    await fencingOf(false).round('c')
    expect(log.fencedTasks('c')).toBe(undefined)
    expect(fencingOf(false).guard({ connector: 'c', task: 0 }, {}, () => true)).toBe(undefined)
  })
})

describe('the guard of a task', () => {
  const guardOf = (fencing = fencingOf()) => fencing.guard({ connector: 'c', task: 0 }, {}, () => isOwned)!

  test('fences, and lets the task start', async () => {
    commit('c', 1)
    const guard = guardOf()
    await guard.fence()
    guard.confirm()
    expect(log.fencedTasks('c')).toBe(1)
  })

  test('a task of an older set, or one that was taken away, does not start', async () => {
    commit('c', 1)
    const older = guardOf()
    commit('c', 1)
    expect(() => older.confirm()).toThrow(
      'Cannot start source task c-0 with exactly-once support as the connector has already generated a new set of task configs',
    )
    await expect(older.fence()).rejects.toThrow(/new set of task configs/)
    const gone = guardOf()
    isOwned = false
    expect(() => gone.confirm()).toThrow('Cannot start source task c-0 as it has already been revoked from this worker')
  })

  test('waits for a leader, as long as the task is ours', async () => {
    commit('c', 1)
    const member: { isLeader: boolean } = { isLeader: false }
    const guard = guardOf(fencingOf(true, member))
    const fencing = guard.fence()
    member.isLeader = true
    await fencing
    expect(log.fencedTasks('c')).toBe(1)
  })
})
