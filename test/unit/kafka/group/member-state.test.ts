import { describe, expect, it } from 'vitest'
import {
  isBeating,
  type MemberEvent,
  type MemberState,
  nextMemberState,
} from '../../../../runtime/kafka/group/member-state.ts'

/** Every cell once more, in shorthand: a row that lacks an event, or a state without a row, does not compile. */
type Row = Readonly<Record<MemberEvent, MemberState | 'never'>>
const never = 'never'
const truth: Readonly<Record<MemberState, Row>> = {
  outside: {
    join: 'joining',
    joined: never,
    synced: never,
    applied: never,
    prepared: never,
    surrendered: never,
    rebalance: 'outside',
    expelled: 'lost',
    retry: never,
    close: 'closed',
  },
  joining: {
    join: never,
    joined: 'syncing',
    synced: never,
    applied: never,
    prepared: never,
    surrendered: never,
    rebalance: 'joining',
    expelled: 'lost',
    retry: 'outside',
    close: 'closed',
  },
  syncing: {
    join: never,
    joined: never,
    synced: 'assigned',
    applied: never,
    prepared: never,
    surrendered: never,
    rebalance: 'outside',
    expelled: 'lost',
    retry: 'outside',
    close: 'closed',
  },
  assigned: {
    join: never,
    joined: never,
    synced: never,
    applied: 'stable',
    prepared: never,
    surrendered: never,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: never,
    close: 'closed',
  },
  stable: {
    join: never,
    joined: never,
    synced: never,
    applied: never,
    prepared: never,
    surrendered: never,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: never,
    close: 'closed',
  },
  revoking: {
    join: never,
    joined: never,
    synced: never,
    applied: 'revoking',
    prepared: 'outside',
    surrendered: never,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: never,
    close: 'closed',
  },
  lost: {
    join: never,
    joined: never,
    synced: never,
    applied: 'lost',
    prepared: 'lost',
    surrendered: 'outside',
    rebalance: 'lost',
    expelled: 'lost',
    retry: never,
    close: 'closed',
  },
  closed: {
    join: 'closed',
    joined: 'closed',
    synced: 'closed',
    applied: 'closed',
    prepared: 'closed',
    surrendered: 'closed',
    rebalance: 'closed',
    expelled: 'closed',
    retry: 'closed',
    close: 'closed',
  },
}

const states = Object.keys(truth) as MemberState[]
const cells = states.flatMap(state =>
  Object.entries(truth[state]).map(([event, next]) => [state, event as MemberEvent, next] as const),
)

describe('a group member', () => {
  it.each(cells)('%s, %s: %s', (state, event, next) => {
    if (next === never) expect(() => nextMemberState(state, event)).toThrow(`'${event}' cannot happen while ${state}`)
    else expect(nextMemberState(state, event)).toBe(next)
  })

  it('once expelled, does nothing but let go before it joins again (invariant 7)', () => {
    for (const [state, event, next] of cells) {
      if (state === 'lost' && next !== never && next !== 'lost' && next !== 'closed') expect(event).toBe('surrendered')
    }
  })

  it('gets ready before it joins the next generation (invariant 3)', () => {
    expect(nextMemberState(nextMemberState('stable', 'rebalance'), 'prepared')).toBe('outside')
    expect(() => nextMemberState('stable', 'join')).toThrow()
  })

  it('beats while the group counts on it', () => {
    expect(states.filter(isBeating)).toEqual(['syncing', 'assigned', 'stable', 'revoking'])
  })
})
