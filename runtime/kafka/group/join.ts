import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { joinGroup as joinGroupApi } from '../../protocol/messages/join-group.ts'
import { syncGroup as syncGroupApi } from '../../protocol/messages/sync-group.ts'
import type { CommitAs } from '../cluster/commit-offsets.ts'
import type { GroupCoordinator } from '../cluster/coordinator.ts'
import type { MemberInfo, Protocol } from '../ports.ts'

/** Who we are in the group, since the last join. */
export interface Generation extends CommitAs {
  readonly protocol: string
  readonly leaderId: string
}

export const NO_GENERATION: Generation = {
  generationId: -1,
  memberId: '',
  groupInstanceId: null,
  protocol: '',
  leaderId: '',
}

export interface JoinOptions {
  readonly cluster: { readonly config: { readonly requestTimeoutMs: number } }
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  protocols(): readonly Protocol[]
  assign(protocol: string, members: readonly MemberInfo[], self: string): Promise<ReadonlyMap<string, Buffer>>
}

export interface JoinSteps {
  /** The coordinator named us before we are in; false: it is not wanted any more. */
  memberIdGiven(memberId: string): boolean
  /** We are in; false: it is not wanted any more. */
  joined(generation: Generation): boolean
}

/** Joins, assigns when we lead, syncs; resolves with our assignment, null when a step said no. One try. */
export async function joinAndSync(
  coordinator: GroupCoordinator,
  options: JoinOptions,
  knownMemberId: string,
  steps: JoinSteps,
): Promise<Buffer | null> {
  const { groupId } = coordinator
  const { groupInstanceId, protocolType } = options
  const protocols = options.protocols()
  let memberId = knownMemberId
  const place = { api: joinGroupApi.name, detail: `group ${groupId}` }
  const join = () =>
    coordinator.request(
      joinGroupApi,
      version => ({
        groupId,
        sessionTimeoutMs: options.sessionTimeoutMs,
        ...(version >= 1 ? { rebalanceTimeoutMs: options.rebalanceTimeoutMs } : {}),
        memberId,
        ...(version >= 5 ? { groupInstanceId } : {}),
        protocolType,
        protocols,
      }),
      // The answer comes when all members have joined.
      { timeoutMs: Math.max(options.cluster.config.requestTimeoutMs, options.rebalanceTimeoutMs + 5000) },
    )
  let joined = await join()
  if (joined.errorCode !== 0 && new KafkaProtocolError(joined.errorCode).kafkaCode === 'MEMBER_ID_REQUIRED') {
    memberId = joined.memberId
    if (!steps.memberIdGiven(memberId)) return null
    joined = await join()
  }
  coordinator.check(joined.errorCode, place)
  const { generationId, leader, members } = joined
  memberId = joined.memberId
  const protocol = joined.protocolName ?? ''
  if (!steps.joined({ generationId, memberId, groupInstanceId, protocol, leaderId: leader })) return null

  const leads = leader === memberId && !joined.skipAssignment
  const assigned = leads ? await options.assign(protocol, members, memberId) : new Map<string, Buffer>()
  const synced = await coordinator.request(
    syncGroupApi,
    version => ({
      groupId,
      generationId,
      memberId,
      ...(version >= 3 ? { groupInstanceId } : {}),
      ...(version >= 5 ? { protocolType, protocolName: protocol } : {}),
      assignments: leads
        ? members.map(member => ({
            memberId: member.memberId,
            assignment: assigned.get(member.memberId) ?? Buffer.alloc(0),
          }))
        : [],
    }),
    // As long as the leader takes.
    { timeoutMs: Math.max(options.cluster.config.requestTimeoutMs, options.rebalanceTimeoutMs + 5000) },
  )
  coordinator.check(synced.errorCode, { ...place, api: syncGroupApi.name })
  return synced.assignment
}
