import type { ResponseInputOf } from '../../protocol/api.ts'
import { listOffsets } from '../../protocol/messages/list-offsets.ts'
import { LEADER_EPOCH, type PartitionLog } from '../log/partition-log.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { checkLeaderEpoch, READ_COMMITTED } from './fetch.ts'

type TopicResponse = NonNullable<ResponseInputOf<typeof listOffsets>['topics']>[number]
type PartitionResponse = NonNullable<TopicResponse['partitions']>[number]

// Instead of a timestamp.
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4

export const serveListOffsets = (parts: BrokerParts): Served =>
  serve(listOffsets, [0, 11], async (request, { version }) => {
    const topics: TopicResponse[] = []
    for (const { name, partitions } of request.topics) {
      const responses: PartitionResponse[] = []
      for (const asked of partitions) {
        const { partitionIndex } = asked
        try {
          const log = parts.topics.partition(name, partitionIndex)
          checkLeaderEpoch(asked.currentLeaderEpoch)
          if (version === 0) {
            const oldStyleOffsets = oldOffsets(log, asked.timestamp, asked.maxNumOffsets)
            responses.push({ partitionIndex, errorCode: 0, oldStyleOffsets })
          } else {
            const found = await find(log, asked.timestamp, request.isolationLevel === READ_COMMITTED)
            const leaderEpoch = found.offset < 0 ? -1 : LEADER_EPOCH
            responses.push({ partitionIndex, errorCode: 0, ...found, ...(version >= 4 ? { leaderEpoch } : {}) })
          }
        } catch (error) {
          responses.push({ partitionIndex, errorCode: errorFields(error, parts.log).errorCode })
        }
      }
      topics.push({ name, partitions: responses })
    }
    return { topics }
  })

async function find(
  log: PartitionLog,
  timestamp: number,
  isCommitted: boolean,
): Promise<{ timestamp: number; offset: number }> {
  const end = isCommitted ? log.lastStableOffset : log.endOffset
  if (timestamp === LATEST) return { timestamp: -1, offset: end }
  if (timestamp === EARLIEST || timestamp === EARLIEST_LOCAL) return { timestamp: -1, offset: log.startOffset }
  const found =
    timestamp === MAX_TIMESTAMP
      ? await log.findMaxTimestamp()
      : timestamp < 0
        ? null
        : await log.findTimestamp(timestamp)
  if (found !== null && found.offset < end) return found
  return { timestamp: -1, offset: -1 }
}

/** Version 0 answers starts of segments, newest first, and the end of the log. */
function oldOffsets(log: PartitionLog, timestamp: number, max: number): number[] {
  if (timestamp === EARLIEST) return [log.startOffset].slice(0, max)
  const starts = log.segments.all
    .filter(s => timestamp === LATEST || s.firstTimestamp <= timestamp)
    .map(s => s.baseOffset)
  const offsets = [
    ...starts.map(offset => Math.max(offset, log.startOffset)),
    ...(timestamp === LATEST ? [log.endOffset] : []),
  ]
  return [...new Set(offsets)].reverse().slice(0, max)
}
