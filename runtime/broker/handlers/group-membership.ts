import { randomUUID } from 'node:crypto'
import { errorCodes } from '../../protocol/error-codes.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { leaveGroup } from '../../protocol/messages/leave-group.ts'
import { syncGroup } from '../../protocol/messages/sync-group.ts'
import { codeOf } from '../groups/coordinator.ts'
import { type BrokerParts, type Served, serve } from '../serve.ts'

const GROUP = 0
const TRANSACTION = 1

export const serveGroupMembership = (parts: BrokerParts): Served[] => [
  serve(findCoordinator, [0, 6], (request, { version }) => {
    const answer = (key: string) => {
      if (request.keyType === GROUP || request.keyType === TRANSACTION) {
        return { key, errorCode: 0, errorMessage: '', nodeId: parts.nodeId, ...parts.address() }
      }
      const errorMessage = 'the embedded broker serves no share groups'
      return { key, errorCode: errorCodes.UNSUPPORTED_VERSION, errorMessage, nodeId: -1, host: '', port: -1 }
    }
    if (version >= 4) return { coordinators: request.coordinatorKeys.map(answer) }
    const { key: _, ...single } = answer(request.key)
    return single
  }),

  serve(joinGroup, [0, 9], async (request, { version, clientId, clientHost }) => {
    const result = await parts.groups.join(request.groupId, {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      clientId,
      clientHost: `/${clientHost}`,
      protocolType: request.protocolType,
      // Copies: the group holds them longer than the request lives.
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
      newMemberId: `${request.groupInstanceId ?? clientId}-${randomUUID()}`,
      requiresKnownMember: version >= 4,
      canSkipAssignment: version >= 9,
    })
    return {
      errorCode: codeOf(result.error),
      generationId: result.generation,
      protocolType: result.protocolType,
      protocolName: result.protocol ?? (version >= 7 ? null : ''),
      leader: result.leader,
      skipAssignment: result.skipAssignment,
      memberId: result.memberId,
      members: result.members.map(({ memberId, instanceId, metadata }) => ({
        memberId,
        groupInstanceId: instanceId,
        metadata,
      })),
    }
  }),

  serve(syncGroup, [0, 5], async request => {
    const result = await parts.groups.sync(request.groupId, {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationId,
      protocolType: request.protocolType,
      protocol: request.protocolName,
      assignments: new Map(request.assignments.map(a => [a.memberId, Buffer.from(a.assignment)])),
    })
    return {
      errorCode: codeOf(result.error),
      protocolType: result.protocolType,
      protocolName: result.protocol,
      assignment: result.assignment,
    }
  }),

  serve(heartbeat, [0, 4], ({ groupId, memberId, groupInstanceId, generationId }) => ({
    errorCode: codeOf(parts.groups.heartbeat(groupId, memberId, groupInstanceId, generationId)),
  })),

  serve(leaveGroup, [0, 5], (request, { version }) => {
    if (version < 3) return { errorCode: codeOf(parts.groups.leave(request.groupId, request.memberId, null)) }
    return {
      errorCode: 0,
      members: request.members.map(({ memberId, groupInstanceId }) => ({
        memberId,
        groupInstanceId,
        errorCode: codeOf(parts.groups.leave(request.groupId, memberId, groupInstanceId)),
      })),
    }
  }),
]
