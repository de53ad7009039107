import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { checkLeaderEpoch } from './fetch.ts'

/** The only epoch ends where the log ends. */
export const serveOffsetForLeaderEpoch = (parts: BrokerParts): Served =>
  serve(offsetForLeaderEpoch, [0, 4], request => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        try {
          const log = parts.topics.partition(topic, partition)
          checkLeaderEpoch(currentLeaderEpoch)
          if (leaderEpoch !== LEADER_EPOCH) return { partition, errorCode: 0 }
          return { partition, errorCode: 0, leaderEpoch, endOffset: log.endOffset }
        } catch (error) {
          return { partition, errorCode: errorFields(error, parts.log).errorCode }
        }
      }),
    })),
  }))
