import type { ConfigProviderDefinition, Plugin } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { nearest } from '../base/nearest.ts'
import type { ConnectorRequest } from '../config/connector-files.ts'
import { ConfigProviders } from '../config/providers.ts'
import {
  logLevels,
  pluginFolders,
  unknownKeys,
  type WorkerConfig,
  workerConfig,
  workerSpec,
} from '../config/worker-config.ts'
import type { Herder } from '../herder/herder.ts'
import { StandaloneHerder } from '../herder/standalone.ts'
import { Validator } from '../herder/validation.ts'
import type { Admin, Kafka } from '../kafka/ports.ts'
import { parseAddress } from '../kafka/settings.ts'
import { PluginRegistry } from '../plugins/registry.ts'
import { readCredentials } from '../rest/credentials.ts'
import { type RestServer, startRest } from '../rest/server.ts'
import { fileConfigStore } from '../stores/file-config-store.ts'
import { fileOffsetStore } from '../stores/file-offset-store.ts'
import { memoryStatusStore } from '../stores/memory-status-store.ts'
import type { ConnectorProps, TargetState } from '../stores/ports.ts'
import { isLevelName, levelNames } from '../telemetry/levels.ts'
import { levels, logger } from '../telemetry/log.ts'
import type { Naming } from '../telemetry/metrics-names.ts'
import { baseSettings } from '../worker/client-settings.ts'
import { ThreadedWorker } from '../worker/worker.ts'
import { clusterHerder, clusterStores } from './cluster-herder.ts'
import { type EmbeddedBroker, startEmbeddedBroker } from './embedded-broker.ts'
import { warnWithoutKafka } from './kafka-check.ts'
import { hostSchemaRegistry } from './schema-registry.ts'

/** A running worker, whole. */
export interface WorkerProcess {
  readonly rest: RestServer
  readonly herder: Herder
  /** `bootstrap.servers` of its cluster. */
  readonly bootstrap: string
  /** Submits a connector of the command line: creates it, or replaces the one of that name. */
  submit(request: ConnectorRequest): Promise<void>
  /** Stops tasks in order (last commit included), then everything else. */
  close(): Promise<void>
}

const states: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

/** Kafka's client, loaded and connected when somebody asks: the first REST request must not wait for it. */
const lazyKafka = (settings: Readonly<Record<string, string>>) => {
  let made: Promise<{ kafka: Kafka; admin: Admin }> | undefined
  const get = () => {
    made ??= (async () => {
      const { createKafka } = await import('../kafka/kafka.ts')
      const kafka = createKafka(settings, { log: logger('millrace.kafka') })
      return { kafka, admin: kafka.admin() }
    })()
    return made
  }
  return {
    client: async () => (await get()).kafka,
    admin: async () => (await get()).admin,
    close: async () => {
      if (made !== undefined) await (await made).kafka.close()
    },
  }
}

const brokerPrefix = 'millrace.broker.'

/** `millrace.broker.NAME=VALUE`: Kafka's broker setting NAME; host and port are the listener's. */
const brokerSettings = (props: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(props).flatMap(([key, value]) => {
      const name = key.startsWith(brokerPrefix) ? key.slice(brokerPrefix.length) : ''
      return name === '' || name === 'host' || name === 'port' ? [] : [[name, value]]
    }),
  )

const embeddedBroker = (config: WorkerConfig): Promise<EmbeddedBroker> | undefined => {
  if (config.embeddedBroker === undefined) return undefined
  const log = logger('millrace.broker')
  return startEmbeddedBroker(
    {
      dataDir: config.embeddedBroker,
      host: config.props['millrace.broker.host'] ?? '127.0.0.1',
      port: Number(config.props['millrace.broker.port'] ?? 9092),
      settings: brokerSettings(config.props),
    },
    reason => log.error('The embedded broker has died: restart the worker', { error: reason }),
  )
}

/** Converters that are not there would fail every connector later on. */
const checkClasses = ({ keyConverter, valueConverter, headerConverter }: WorkerConfig, plugins: PluginRegistry) => {
  for (const [key, className] of [
    ['key.converter', keyConverter],
    ['value.converter', valueConverter],
    ['header.converter', headerConverter],
  ] as const) {
    if (plugins.has(className)) continue
    const hint = plugins.hint(className, ['converter'])
    throw new ConfigError(
      `Invalid value ${className} for configuration ${key}: Class ${className} could not be found.${hint === undefined ? '' : ` ${hint}`}`,
      { key },
    )
  }
}

const checkAddress = (address: string): void => {
  try {
    parseAddress(address)
  } catch (cause) {
    throw new ConfigError((cause as Error).message, { cause, key: 'bootstrap.servers' })
  }
}

/** Starts a worker from its properties (variables as text). Throws ConfigError for what cannot work; whatever had started is stopped again. */
export const startWorkerProcess = async (
  raw: Readonly<Record<string, string>>,
  options: { readonly version: string },
): Promise<WorkerProcess> => {
  const log = logger('millrace.worker')
  const stops: (() => Promise<unknown>)[] = []
  const close = async () => {
    if (stops.length > 0) log.info('The worker is stopping: tasks finish and commit first')
    for (const stop of stops.splice(0).reverse())
      await stop().catch((error: unknown) => log.error('Stopping failed', { error }))
    log.info('The worker has stopped')
  }
  try {
    // The providers' own settings name no variables, so they come first.
    const plugins = await PluginRegistry.open({
      pluginPath: pluginFolders(raw),
      home: process.cwd(),
      log: logger('millrace.plugins'),
      watching: true,
    })
    stops.push(() => plugins.close())
    const providers = await ConfigProviders.create(raw, async name =>
      plugins.has(name) ? plugins.load<Plugin<ConfigProviderDefinition>>(name, 'config_provider') : undefined,
    )
    const config = workerConfig((await providers.resolve(raw)).props)
    for (const [name, level] of logLevels(config.props)) {
      if (!isLevelName(level))
        throw new ConfigError(
          `Invalid value ${level} for configuration millrace.log.level of ${name}: use one of ${levelNames.join(', ')}`,
        )
      levels.configure(name, level)
    }
    const unknown = unknownKeys(config.props)
    for (const key of unknown) {
      const meant = nearest(key, Object.keys(workerSpec))
      log.warn(`The property ${key} means nothing to this worker${meant === undefined ? '' : `: was ${meant} meant?`}`)
    }

    checkClasses(config, plugins)
    if (config.embeddedBroker === undefined) config.bootstrapServers.forEach(checkAddress)

    const starting = embeddedBroker(config)
    const broker = await starting
    if (broker !== undefined) stops.push(() => broker.close())
    const bootstrap = broker?.bootstrap ?? config.bootstrapServers.join(',')
    const workerProps = { ...config.props, 'bootstrap.servers': bootstrap }

    const clientSettings = {
      ...baseSettings(workerProps),
      'client.id': config.clientId === '' ? 'millrace-admin' : config.clientId,
    }
    const kafka = lazyKafka(clientSettings)
    stops.push(() => kafka.close())
    if (config.schemaRegistryListeners !== undefined) {
      const log = logger('millrace.registry')
      const listeners = config.schemaRegistryListeners
      const registry = await hostSchemaRegistry({
        listeners,
        kafka: await kafka.client(),
        version: options.version,
        log,
      })
      stops.push(() => registry.close())
    }
    const { cluster } = config
    const shared =
      cluster && clusterStores(cluster, workerProps, kafka.client, broker !== undefined, logger('millrace.stores'))
    const stores = shared ?? {
      configs: fileConfigStore(config.configStorageFileFilename ?? `${config.offsetStorageFileFilename}.configs`),
      offsets: fileOffsetStore(config.offsetStorageFileFilename!, logger('millrace.stores')),
      statuses: memoryStatusStore(),
    }
    const resolve = async (props: ConnectorProps): Promise<ConnectorProps> => (await providers.resolve(props)).props
    const worker = new ThreadedWorker({
      workerProps,
      offsets: stores.offsets,
      plugins,
      resolve: props => providers.resolve(props),
      log: logger('millrace.worker'),
    })
    const validator = new Validator({
      plugins,
      log: logger('millrace.validation'),
      resolve,
      workerProps,
    })
    let rest: RestServer | undefined
    const herderParts = {
      worker,
      plugins,
      validator,
      admin: () => kafka.admin(),
      kafka: () => kafka.client(),
      clusterId: async () => broker?.clusterId ?? (await (await kafka.admin()).describeCluster()).clusterId ?? '',
      resolve,
      workerId: () => rest?.workerId ?? 'starting',
      workerProps,
      log: logger('millrace.herder'),
    }
    const herder =
      cluster !== undefined && shared !== undefined
        ? clusterHerder(cluster, shared, herderParts, kafka.client, () => rest!.advertisedUrl)
        : new StandaloneHerder({ ...herderParts, ...stores })
    const credentials = readCredentials({
      extensions: config.restExtensionClasses,
      jaasFile: config.restJaasFile,
      tokensFile: config.restTokensFile,
      roles: config.restRoles,
    })
    rest = await startRest({
      herder,
      ...(credentials !== undefined && { credentials }),
      maskSecrets: config.restMaskSecrets,
      listeners: config.listeners,
      version: options.version,
      log: logger('millrace.rest'),
      allowOrigin: config.accessControlAllowOrigin,
      allowMethods: config.accessControlAllowMethods,
      responseHeaders: config.responseHttpHeadersConfig,
      props: config.props,
      ...(config.restAdvertisedHostName !== undefined && { advertisedHost: config.restAdvertisedHostName }),
      ...(config.restAdvertisedPort !== undefined && { advertisedPort: config.restAdvertisedPort }),
      ...(config.restAdvertisedListener !== undefined && { advertisedListener: config.restAdvertisedListener }),
      ...(config.adminListeners !== undefined && { adminListeners: config.adminListeners }),
      metrics: async () => {
        const { renderMetrics } = await import('../telemetry/metrics.ts')
        return (await renderMetrics(await worker.metrics(), config.metricsPrometheusNames as readonly Naming[])).text
      },
    })
    stops.push(() => rest!.close())
    // Tasks stop first, while offsets and Kafka can still be reached.
    stops.push(() => herder.stop())
    await herder.start()
    if (broker === undefined) stops.push(warnWithoutKafka(clientSettings, log))
    log.info('The worker is ready', { rest: rest.url, bootstrap, version: options.version })
    return {
      rest,
      herder,
      bootstrap,
      async submit({ name, config: props, initialState }) {
        if (herder.connectors().includes(name)) await herder.put(name, props)
        else
          await herder.create(name, props, initialState === undefined ? undefined : states[initialState.toUpperCase()])
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
