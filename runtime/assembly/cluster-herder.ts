import type { Log } from '../api/context.ts'
import { ConfigError } from '../api/errors.ts'
import { type ClusterConfig, topicSettings } from '../config/cluster-config.ts'
import type { ProtocolName } from '../herder/distributed/connect-protocol.ts'
import { DistributedHerder } from '../herder/distributed/distributed.ts'
import { isSignatureAlgorithm } from '../herder/distributed/signing.ts'
import type { HerderParts } from '../herder/local-herder.ts'
import type { Kafka } from '../kafka/ports.ts'
import { connectorOffsetStores, ownOffsetsTopic } from '../stores/connector-offset-stores.ts'
import type { InternalTopic } from '../stores/internal-topic.ts'
import { kafkaConfigStore } from '../stores/kafka-config-store.ts'
import { kafkaOffsetStore } from '../stores/kafka-offset-store.ts'
import { kafkaStatusStore } from '../stores/kafka-status-store.ts'
import type { KafkaStoreParts } from '../stores/kafka-store-parts.ts'
import type { ClusterConfigStore, ClusterStatusStore, OffsetStore } from '../stores/ports.ts'

export interface ClusterStores {
  readonly configs: ClusterConfigStore
  readonly offsets: OffsetStore
  readonly statuses: ClusterStatusStore
}

/** The stores of a cluster, in topics of its Kafka. The embedded broker, of one node, keeps one copy. */
export const clusterStores = (
  config: ClusterConfig,
  props: Readonly<Record<string, string>>,
  kafka: () => Promise<Kafka>,
  embedded: boolean,
  log: Log,
): ClusterStores => {
  const parts = (what: InternalTopic['what'], name: string, partitions: number, copies: number): KafkaStoreParts => ({
    topic: {
      name,
      what,
      partitions,
      replicationFactor: embedded ? 1 : copies,
      configs: topicSettings(props, what),
    },
    admin: async () => (await kafka()).admin(),
    topicLog: async options => (await kafka()).topicLog(options),
    log,
  })
  const configs = kafkaConfigStore({
    ...parts('config', config.configStorageTopic, 1, config.configStorageReplicationFactor),
    ...(config.exactlyOnceSourceSupport !== 'disabled' && {
      leaderProducer: async () =>
        (await kafka()).transactionalProducer({
          'transactional.id': `connect-cluster-${config.groupId}`,
          // Who reads the configs waits no longer for what a dead leader left open.
          'transaction.timeout.ms': '10000',
        }),
    }),
  })
  const offsetsIn = (topic: string): OffsetStore =>
    kafkaOffsetStore(parts('offset', topic, config.offsetStoragePartitions, config.offsetStorageReplicationFactor))
  return {
    configs,
    offsets: connectorOffsetStores({
      shared: offsetsIn(config.offsetStorageTopic),
      topicOf: connector => ownOffsetsTopic(configs.get(connector)?.props ?? {}, config.offsetStorageTopic),
      open: offsetsIn,
      log,
    }),
    statuses: kafkaStatusStore(
      parts('status', config.statusStorageTopic, config.statusStoragePartitions, config.statusStorageReplicationFactor),
    ),
  }
}

/** The herder of a worker in a cluster. Throws ConfigError for algorithms that are not known here. */
export const clusterHerder = (
  config: ClusterConfig,
  stores: ClusterStores,
  parts: Omit<HerderParts, keyof ClusterStores>,
  kafka: () => Promise<Kafka>,
  url: () => string,
): DistributedHerder => {
  const { interWorkerKeyGenerationAlgorithm: keyAlgorithm, interWorkerSignatureAlgorithm: signatureAlgorithm } = config
  for (const [key, algorithm] of [
    ['inter.worker.key.generation.algorithm', keyAlgorithm],
    ['inter.worker.signature.algorithm', signatureAlgorithm],
  ] as const) {
    if (!isSignatureAlgorithm(algorithm))
      throw new ConfigError(`Invalid value ${algorithm} for configuration ${key}: use HmacSHA256`, { key })
  }
  return new DistributedHerder({
    ...parts,
    ...stores,
    url,
    membership: async () => {
      const client = await kafka()
      return options => client.membership(options)
    },
    settings: {
      groupId: config.groupId,
      protocol: config.connectProtocol.toLowerCase() as ProtocolName,
      sessionTimeoutMs: config.sessionTimeoutMs,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      rebalanceTimeoutMs: config.rebalanceTimeoutMs,
      maxDelayMs: config.scheduledRebalanceMaxDelayMs,
      syncTimeoutMs: config.workerSyncTimeoutMs,
      loadIntervalMs: config.millraceAssignorLoad ? config.millraceAssignorLoadIntervalMs : undefined,
      exactlyOnce: config.exactlyOnceSourceSupport === 'enabled',
    },
    signing: {
      keyAlgorithm,
      keyBits: config.interWorkerKeySize,
      keyTtlMs: config.interWorkerKeyTtlMs,
      signatureAlgorithm,
      verificationAlgorithms: config.interWorkerVerificationAlgorithms,
    },
  })
}
