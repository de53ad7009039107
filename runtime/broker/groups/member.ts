import type { KafkaErrorName } from '../../protocol/error-codes.ts'

/** One of the ways of working together that a member offers, best first; `metadata` is only for members to understand. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  /** Empty: not known yet. */
  readonly memberId: string
  /** Of a static member: it keeps its place when it comes back under another member id. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** The id for a member that is not known yet. */
  readonly newMemberId: string
  /** A member without an id is told one and has to come again with it (JoinGroup from version 4 on). */
  readonly requiresKnownMember: boolean
  /** A static leader that comes back can be told to leave the assignment as it is (from version 9 on). */
  readonly canSkipAssignment: boolean
}

export interface JoinResult {
  readonly error: KafkaErrorName
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  /** For the leader only. */
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly metadata: Buffer
  }[]
}

export interface SyncRequest {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** null: the request's version does not say. */
  readonly protocolType: string | null
  readonly protocol: string | null
  /** Of the leader. */
  readonly assignments: ReadonlyMap<string, Buffer>
}

export interface SyncResult {
  readonly error: KafkaErrorName
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly assignment: Buffer
}

export interface Member {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly MemberProtocol[]
  assignment: Buffer
  /** When it is taken for dead unless it is heard of. */
  deadline: number
  /** Has never got an answer to a join: its client does not know its id and cannot send heartbeats. */
  isNew: boolean
  joining: ((result: JoinResult) => void) | null
  syncing: ((result: SyncResult) => void) | null
}

export const NO_ASSIGNMENT: Buffer = Buffer.alloc(0)

export const metadataFor = (member: Member, protocol: string | null): Buffer =>
  member.protocols.find(p => p.name === protocol)?.metadata ?? NO_ASSIGNMENT

/** Same protocols in the same order with the same metadata: nothing a leader would have to look at again. */
export const offersSame = (member: Member, protocols: readonly MemberProtocol[]): boolean =>
  member.protocols.length === protocols.length &&
  member.protocols.every((p, i) => p.name === protocols[i]!.name && p.metadata.equals(protocols[i]!.metadata))

/** Among the protocols that all offer, the one that most members put first; the first such one on a tie. */
export function selectProtocol(members: readonly Member[]): string | null {
  const shared = (members[0]?.protocols ?? [])
    .map(p => p.name)
    .filter(name => members.every(m => m.protocols.some(p => p.name === name)))
  const votes = new Map(shared.map(name => [name, 0]))
  for (const { protocols } of members) {
    const vote = protocols.find(p => votes.has(p.name))
    if (vote !== undefined) votes.set(vote.name, votes.get(vote.name)! + 1)
  }
  let best: string | null = null
  for (const [name, count] of votes) if (best === null || count > votes.get(best)!) best = name
  return best
}

/** Who waits for an answer is alive, unless it is a newcomer that may have gone without a word. */
export const canExpire = (member: Member): boolean =>
  member.isNew || (member.joining === null && member.syncing === null)

export const joinError = (error: KafkaErrorName, memberId: string): JoinResult => ({
  error,
  memberId,
  generation: -1,
  protocolType: null,
  protocol: null,
  leader: '',
  skipAssignment: false,
  members: [],
})

export const syncError = (error: KafkaErrorName): SyncResult => ({
  error,
  protocolType: null,
  protocol: null,
  assignment: NO_ASSIGNMENT,
})
