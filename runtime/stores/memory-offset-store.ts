import { allOffsets, offsetEntries, readOffsets } from './offset-entries.ts'
import type { OffsetStore } from './ports.ts'

/** Offsets that end with the process; for tests. */
export const memoryOffsetStore = (): OffsetStore => {
  const entries = new Map<string, string>()
  return {
    async start() {},
    async stop() {},
    get: async (connector, partitions) => readOffsets(key => entries.get(key), connector, partitions),
    all: async connector => allOffsets(entries, connector),
    async put(connector, offsets) {
      for (const [key, value] of offsetEntries(connector, offsets)) {
        if (value === null) entries.delete(key)
        else entries.set(key, value)
      }
    },
  }
}
