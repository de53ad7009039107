import type { Log } from '../api/context.ts'
import type { ConnectorProps, OffsetStore } from './ports.ts'

/** The topic that a connector has for its offsets alone; undefined: they are in the worker's. */
export const ownOffsetsTopic = (props: ConnectorProps, shared: string): string | undefined => {
  const topic = props['offsets.storage.topic']?.trim()
  return topic === undefined || topic === '' || topic === shared ? undefined : topic
}

export interface ConnectorOffsetStoresParts {
  /** Of all connectors without a topic of their own. */
  readonly shared: OffsetStore
  /** `offsets.storage.topic` of a connector; undefined: it has none of its own. */
  readonly topicOf: (connector: string) => string | undefined
  /** A store in a topic of this name, not started. */
  readonly open: (topic: string) => OffsetStore
  readonly log: Log
}

/**
 * Offsets of connectors that have a topic of their own are there; what is not there yet is looked for where it was before.
 * As in Kafka Connect a copy goes to the shared topic, for the day on which the own one is given up.
 */
export const connectorOffsetStores = ({ shared, topicOf, open, log }: ConnectorOffsetStoresParts): OffsetStore => {
  const opened = new Map<string, Promise<OffsetStore>>()
  const ownOf = (connector: string): Promise<OffsetStore> | undefined => {
    const topic = topicOf(connector)
    if (topic === undefined) return undefined
    let store = opened.get(topic)
    if (store === undefined) {
      const made = open(topic)
      store = made.start().then(() => made)
      opened.set(topic, store)
      // The next one who asks tries again.
      store.catch(() => opened.delete(topic))
    }
    return store
  }
  return {
    start: () => shared.start(),
    async stop() {
      const stores = await Promise.all(Array.from(opened.values(), store => store.catch(() => undefined)))
      opened.clear()
      await Promise.all([shared, ...stores].map(store => store?.stop()))
    },
    async get(connector, partitions) {
      const own = await ownOf(connector)
      if (own === undefined) return shared.get(connector, partitions)
      const [first, second] = await Promise.all([own.get(connector, partitions), shared.get(connector, partitions)])
      return first.map((offset, at) => offset ?? second[at])
    },
    async all(connector) {
      const own = await ownOf(connector)
      if (own === undefined) return shared.all(connector)
      const keyed = new Map<string, Awaited<ReturnType<OffsetStore['all']>>[number]>()
      for (const store of [shared, own]) {
        for (const entry of await store.all(connector)) keyed.set(partitionText(entry.partition), entry)
      }
      return [...keyed.values()]
    },
    async put(connector, offsets) {
      const own = await ownOf(connector)
      if (own === undefined) return shared.put(connector, offsets)
      // What is forgotten must not come back from the shared topic.
      const forgets = offsets.some(({ offset }) => offset === null)
      if (forgets) await shared.put(connector, offsets)
      await own.put(connector, offsets)
      if (forgets) return
      shared.put(connector, offsets).catch((error: unknown) => {
        log.warn('Offsets are in the topic of their connector, but could not be copied to the shared one', {
          connector,
          error,
        })
      })
    },
  }
}

const partitionText = (partition: unknown): string =>
  JSON.stringify(partition, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
