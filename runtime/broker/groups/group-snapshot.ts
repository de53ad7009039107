import { type Member, metadataFor } from './member.ts'

/** Part of a group that outlives the broker: it is stored when a group becomes stable or empty. */
export interface GroupSnapshot {
  readonly protocolType: string
  readonly generation: number
  readonly protocol: string | null
  readonly leader: string | null
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly members: readonly StoredMember[]
}

export interface StoredMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly subscription: Buffer
  readonly assignment: Buffer
}

export const storedMember = (member: Member, protocol: string | null): StoredMember => ({
  memberId: member.id,
  instanceId: member.instanceId,
  clientId: member.clientId,
  clientHost: member.clientHost,
  rebalanceTimeoutMs: member.rebalanceTimeoutMs,
  sessionTimeoutMs: member.sessionTimeoutMs,
  subscription: metadataFor(member, protocol),
  assignment: member.assignment,
})

export function restoredMember(stored: StoredMember, protocol: string | null, now: number): Member {
  const { memberId, subscription, ...same } = stored
  return {
    ...same,
    id: memberId,
    protocols: protocol === null ? [] : [{ name: protocol, metadata: subscription }],
    deadline: now + stored.sessionTimeoutMs,
    isNew: false,
    joining: null,
    syncing: null,
  }
}
