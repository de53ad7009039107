import type { Log } from '../api/context.ts'
import { createAdmin } from './admin/admin.ts'
import { Cluster } from './cluster/cluster.ts'
import type { ClientSettings, Kafka } from './ports.ts'
import { KafkaProducer } from './producer/producer.ts'
import { clientConfig } from './settings.ts'

/**
 * Kafka over its own protocol (3.5 to 4.x, and what is compatible). `settings` are Kafka's client properties; what a client
 * is given itself lies over them. Throws KafkaClientError CONFIG or UNSUPPORTED for settings that are not valid or not known here.
 */
export function createKafka(settings: ClientSettings, options: { readonly log?: Log } = {}): Kafka {
  const { log } = options
  const cluster = (own: ClientSettings | undefined): Cluster =>
    new Cluster(clientConfig(own === undefined ? settings : { ...settings, ...own }), log)
  clientConfig(settings)
  return {
    producer: own => new KafkaProducer(cluster(own), log),
    admin: own => createAdmin(cluster(own)),
  } as unknown as Kafka
}
