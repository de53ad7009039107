import type { Log } from '../api/context.ts'
import { ConfigError } from '../api/errors.ts'
import type { Kafka } from '../kafka/ports.ts'
import { parseListener } from '../rest/listeners.ts'
import type { RegistryServer } from '../schema-registry/server.ts'

export interface HostedRegistry {
  /** `schema.registry.listeners` */
  readonly listeners: readonly string[]
  readonly kafka: Kafka
  readonly version: string
  readonly log: Log
}

const key = 'schema.registry.listeners'

/** The schema registry that a worker hosts on its cluster, for development. Throws ConfigError. */
export const hostSchemaRegistry = async ({
  listeners,
  kafka,
  version,
  log,
}: HostedRegistry): Promise<RegistryServer> => {
  const [listener, ...more] = listeners
  if (listener === undefined || more.length > 0)
    throw new ConfigError(`Invalid value ${listeners.join(',')} for configuration ${key}: give one`, { key })
  const { secure, host, port } = parseListener(listener, key)
  if (secure) throw new ConfigError(`Invalid value ${listener} for configuration ${key}: only http is served`, { key })
  // Loaded when a worker hosts one: its formats bring libraries along.
  const { startSchemaRegistry } = await import('../schema-registry/server.ts')
  const { topicStore } = await import('../schema-registry/topic-store.ts')
  const server = await startSchemaRegistry({ store: topicStore(kafka), host: host || '::', port, version, log })
  log.info('A schema registry is ready', { url: server.url })
  return server
}
