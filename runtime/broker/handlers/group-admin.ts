import type { ResponseInputOf } from '../../protocol/api.ts'
import { errorCodes } from '../../protocol/error-codes.ts'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { codeOf } from '../groups/coordinator.ts'
import type { Group } from '../groups/group.ts'
import { metadataFor } from '../groups/member.ts'
import { type BrokerParts, type Served, serve } from '../serve.ts'
import { operations } from './operations.ts'

type DescribedGroup = NonNullable<ResponseInputOf<typeof describeGroups>['groups']>[number]

/** Groups whose members the broker gathers; the newer kinds, where it also assigns, are not served. */
const CLASSIC = 'classic'

export const serveGroupAdmin = (parts: BrokerParts): Served[] => [
  serve(describeGroups, [0, 6], (request, { version }) => ({
    groups: request.groups.map((groupId): DescribedGroup => {
      const authorizedOperations = request.includeAuthorizedOperations ? operations.group : undefined
      const group = parts.groups.get(groupId)?.group
      if (group !== undefined) return { ...describe(group), authorizedOperations }
      const unknown = { groupId, groupState: 'Dead', authorizedOperations }
      if (version < 6) return unknown
      return { ...unknown, errorCode: errorCodes.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} not found.` }
    }),
  })),

  serve(listGroups, [0, 5], ({ statesFilter, typesFilter }) => {
    const states = statesFilter.map(state => state.toLowerCase())
    const types = typesFilter.map(type => type.toLowerCase())
    const groups = [...parts.groups.all()]
      .map(({ group }) => group)
      .filter(({ state }) => states.length === 0 || states.includes(state.toLowerCase()))
      .filter(() => types.length === 0 || types.includes(CLASSIC))
      .map(({ id, protocolType, state }) => ({
        groupId: id,
        protocolType: protocolType ?? '',
        groupState: state,
        groupType: CLASSIC,
      }))
    return { errorCode: 0, groups }
  }),

  serve(deleteGroups, [0, 2], async ({ groupsNames }) => {
    const results: { groupId: string; errorCode: number }[] = []
    for (const groupId of groupsNames) {
      results.push({ groupId, errorCode: codeOf(await parts.groups.deleteGroup(groupId)) })
    }
    return { results }
  }),
]

/** What members said for the protocol in use is shown while one is. */
function describe(group: Group): DescribedGroup {
  const protocol = group.state === 'Stable' ? group.protocol : null
  return {
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: protocol ?? '',
    members: [...group.members.values()].map(member => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: metadataFor(member, protocol),
      memberAssignment: member.assignment,
    })),
  }
}
