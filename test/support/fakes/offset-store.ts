import type { OffsetMap } from '../../../runtime/api/record.ts'
import type { OffsetStore } from '../../../runtime/stores/ports.ts'

/** Offsets in a map. */
export const mapOffsetStore = (): OffsetStore & { readonly puts: number } => {
  const offsets = new Map<string, { partition: OffsetMap; offset: OffsetMap }>()
  const keyOf = (connector: string, partition: OffsetMap) => JSON.stringify([connector, partition])
  let puts = 0
  return {
    get puts() {
      return puts
    },
    async start() {},
    async stop() {},
    get: async (connector, partitions) => partitions.map(partition => offsets.get(keyOf(connector, partition))?.offset),
    all: async connector => [...offsets].filter(([key]) => JSON.parse(key)[0] === connector).map(([, value]) => value),
    async put(connector, list) {
      puts++
      for (const { partition, offset } of list) {
        if (offset === null) offsets.delete(keyOf(connector, partition))
        else offsets.set(keyOf(connector, partition), { partition, offset })
      }
    },
  }
}
