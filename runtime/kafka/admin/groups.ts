import { errorCodes, throwOnError } from '../../protocol/error-codes.ts'
import { deleteGroups as deleteGroupsApi } from '../../protocol/messages/delete-groups.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { listGroups as listGroupsApi } from '../../protocol/messages/list-groups.ts'
import { offsetDelete } from '../../protocol/messages/offset-delete.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { commitOffsets, NO_MEMBER } from '../cluster/commit-offsets.ts'
import { GroupCoordinator } from '../cluster/coordinator.ts'
import { committedOffsets } from '../cluster/group-offsets.ts'
import { byTopic } from '../cluster/offsets.ts'
import type { Admin } from '../ports.ts'
import type { Retrying } from './retrying.ts'

type GroupAdmin = Pick<
  Admin,
  'listGroups' | 'describeGroup' | 'groupOffsets' | 'alterGroupOffsets' | 'deleteGroupOffsets' | 'deleteGroups'
>

/** Groups of any protocol type. */
export function groupAdmin(cluster: Cluster, retrying: Retrying): GroupAdmin {
  const coordinatorOf = (groupId: string): GroupCoordinator => new GroupCoordinator(cluster, groupId, 'main')

  return {
    listGroups: () =>
      retrying(async () => {
        if (cluster.metadata.brokers.size === 0) await cluster.refresh()
        const answers = await Promise.all(
          [...cluster.metadata.brokers.keys()].map(nodeId => cluster.request(nodeId, 'main', listGroupsApi, {})),
        )
        return answers.flatMap(({ errorCode, groups }) => {
          throwOnError(errorCode, { api: listGroupsApi.name })
          return groups.map(({ groupId, protocolType, groupState }) => ({ groupId, protocolType, state: groupState }))
        })
      }),

    describeGroup(groupId) {
      const coordinator = coordinatorOf(groupId)
      return retrying(async () => {
        const response = await coordinator.request(describeGroups, { groups: [groupId] })
        const [group] = response.groups
        if (group === undefined || group.errorCode === errorCodes.GROUP_ID_NOT_FOUND) {
          // Newer brokers say that it is not there where older ones call it dead.
          return { groupId, state: 'Dead', protocolType: '', members: [] }
        }
        coordinator.check(group.errorCode, {
          api: describeGroups.name,
          detail: group.errorMessage ?? `group ${groupId}`,
        })
        return {
          groupId,
          state: group.groupState,
          protocolType: group.protocolType,
          members: group.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
            memberId,
            clientId,
            host: clientHost,
            assignment: memberAssignment,
          })),
        }
      })
    },

    groupOffsets(groupId) {
      const coordinator = coordinatorOf(groupId)
      return retrying(() => committedOffsets(coordinator, null, false))
    },

    async alterGroupOffsets(groupId, offsets) {
      if (offsets.length === 0) return
      const coordinator = coordinatorOf(groupId)
      await retrying(() => commitOffsets(coordinator, NO_MEMBER, offsets))
    },

    async deleteGroupOffsets(groupId, partitions) {
      if (partitions.length === 0) return
      const coordinator = coordinatorOf(groupId)
      await retrying(async () => {
        const response = await coordinator.request(offsetDelete, {
          groupId,
          topics: [...byTopic(partitions)].map(([name, list]) => ({
            name,
            partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
          })),
        })
        const detail = `group ${groupId}`
        coordinator.check(response.errorCode, { api: offsetDelete.name, detail })
        for (const { name, partitions: answers } of response.topics) {
          for (const { partitionIndex, errorCode } of answers) {
            const place = { api: offsetDelete.name, topic: name, partition: partitionIndex, detail }
            // A partition that is gone has no offset either.
            if (errorCode !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION) coordinator.check(errorCode, place)
          }
        }
      })
    },

    async deleteGroups(groupIds) {
      const remove = (groupId: string): Promise<void> => {
        const coordinator = coordinatorOf(groupId)
        return retrying(async () => {
          const response = await coordinator.request(deleteGroupsApi, { groupsNames: [groupId] })
          for (const { errorCode } of response.results) {
            if (errorCode === errorCodes.GROUP_ID_NOT_FOUND) continue
            coordinator.check(errorCode, { api: deleteGroupsApi.name, detail: `group ${groupId}` })
          }
        })
      }
      await Promise.all(groupIds.map(remove))
    },
  }
}
