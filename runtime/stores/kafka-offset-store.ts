import type { KafkaStoreParts } from './kafka-store-parts.ts'
import { allOffsets, offsetEntries, parseOffset, readOffsets } from './offset-entries.ts'
import type { OffsetStore } from './ports.ts'
import { TextTopic } from './text-topic.ts'

/** Source offsets in a compacted topic, as Kafka Connect's distributed workers keep them. */
export const kafkaOffsetStore = (parts: KafkaStoreParts): OffsetStore => {
  const entries = new Map<string, string>()
  const readable = (key: string, value: string, offset: number): boolean => {
    try {
      JSON.parse(key)
      parseOffset(value)
      return true
    } catch (error) {
      const reason = (error as Error).message
      parts.log.warn('A record of the offset topic cannot be read, it is skipped', {
        topic: parts.topic.name,
        offset,
        reason,
      })
      return false
    }
  }
  const records = new TextTopic(parts, (key, value, { offset }) => {
    if (value === null) entries.delete(key)
    else if (readable(key, value, offset)) entries.set(key, value)
  })
  return {
    async start() {
      entries.clear()
      await records.start()
    },
    stop: () => records.stop(),
    async get(connector, partitions) {
      // Another worker may have written them a moment ago.
      await records.readToEnd()
      return readOffsets(key => entries.get(key), connector, partitions)
    },
    async all(connector) {
      await records.readToEnd()
      return allOffsets(entries, connector)
    },
    put: async (connector, offsets) => records.append(offsetEntries(connector, offsets)),
  }
}
