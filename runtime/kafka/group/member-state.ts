/**
 * Where a member of a group stands:
 * - `outside`: no generation; joins at the next poll
 * - `joining`, `syncing`: the request is out
 * - `assigned`: an assignment is here, its owner must take it over
 * - `stable`
 * - `revoking`: the group rebalances; the owner must get ready before we join
 * - `lost`: the group went on without us; the owner must let go of what others have by now
 * - `closed`
 */
export type MemberState = 'outside' | 'joining' | 'syncing' | 'assigned' | 'stable' | 'revoking' | 'lost' | 'closed'

/**
 * - `join`: a poll sends us in; `joined`, `synced`: the answers came
 * - `applied`, `prepared`, `surrendered`: the owner has taken over, is ready to join, has let go
 * - `rebalance`: the group, or we, want a new generation
 * - `expelled`: the group does not know us, or not in this generation
 * - `retry`: joining or syncing failed for a reason that passes
 */
export type MemberEvent =
  | 'join'
  | 'joined'
  | 'synced'
  | 'applied'
  | 'prepared'
  | 'surrendered'
  | 'rebalance'
  | 'expelled'
  | 'retry'
  | 'close'

/** null: cannot happen. */
export const memberTransitions: Readonly<Record<MemberState, Readonly<Record<MemberEvent, MemberState | null>>>> = {
  outside: {
    join: 'joining',
    joined: null,
    synced: null,
    applied: null,
    prepared: null,
    surrendered: null,
    rebalance: 'outside',
    expelled: 'lost',
    retry: null,
    close: 'closed',
  },
  joining: {
    join: null,
    joined: 'syncing',
    synced: null,
    applied: null,
    prepared: null,
    surrendered: null,
    // What we join is the new generation.
    rebalance: 'joining',
    expelled: 'lost',
    retry: 'outside',
    close: 'closed',
  },
  syncing: {
    join: null,
    joined: null,
    synced: 'assigned',
    applied: null,
    prepared: null,
    surrendered: null,
    // Nothing of this generation was taken over yet.
    rebalance: 'outside',
    expelled: 'lost',
    retry: 'outside',
    close: 'closed',
  },
  assigned: {
    join: null,
    joined: null,
    synced: null,
    applied: 'stable',
    prepared: null,
    surrendered: null,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: null,
    close: 'closed',
  },
  stable: {
    join: null,
    joined: null,
    synced: null,
    applied: null,
    prepared: null,
    surrendered: null,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: null,
    close: 'closed',
  },
  revoking: {
    join: null,
    joined: null,
    synced: null,
    // The rebalance began while the owner was taking over.
    applied: 'revoking',
    prepared: 'outside',
    surrendered: null,
    rebalance: 'revoking',
    expelled: 'lost',
    retry: null,
    close: 'closed',
  },
  lost: {
    join: null,
    joined: null,
    synced: null,
    // Expelled while the owner was at it: it still has to let go.
    applied: 'lost',
    prepared: 'lost',
    surrendered: 'outside',
    rebalance: 'lost',
    expelled: 'lost',
    retry: null,
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

/** Pure. Throws for what cannot happen. */
export function nextMemberState(state: MemberState, event: MemberEvent): MemberState {
  const next = memberTransitions[state][event]
  if (next === null) throw new Error(`Group member: '${event}' cannot happen while ${state}`)
  return next
}

/** The group counts on heartbeats; while joining the request itself says that we live. */
export const isBeating = (state: MemberState): boolean =>
  state === 'syncing' || state === 'assigned' || state === 'stable' || state === 'revoking'
