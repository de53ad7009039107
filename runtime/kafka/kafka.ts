import type { Log } from '../api/context.ts'
import { createAdmin } from './admin/admin.ts'
import { Cluster } from './cluster/cluster.ts'
import { KafkaConsumer } from './consumer/consumer.ts'
import { closedError, KafkaClientError } from './errors.ts'
import { GroupMember } from './group/group-member.ts'
import type { ClientSettings, Kafka } from './ports.ts'
import { KafkaProducer } from './producer/producer.ts'
import { KafkaTransactionalProducer } from './producer/transactional-producer.ts'
import { clientConfig } from './settings.ts'
import { KafkaTopicLog } from './topic-log.ts'

/**
 * Kafka over its own protocol (3.5 to 4.x, and what is compatible). `settings` are Kafka's client properties; what a client
 * is given itself lies over them. Throws KafkaClientError CONFIG or UNSUPPORTED for settings that are not valid or not known here.
 */
export function createKafka(settings: ClientSettings, options: { readonly log?: Log } = {}): Kafka {
  const { log } = options
  /** What was handed out and is not closed yet: by its cluster, how to close it. */
  const open = new Map<Cluster, () => Promise<void>>()
  let closed = false
  clientConfig(settings)

  const cluster = (own: ClientSettings | undefined): Cluster => {
    if (closed) throw closedError('Kafka client')
    const config = clientConfig(own === undefined ? settings : { ...settings, ...own })
    const made: Cluster = new Cluster(config, log, () => open.delete(made))
    return made
  }
  return {
    producer(own) {
      const its = cluster(own)
      if (its.config.reader.text('transactional.id') !== undefined) {
        throw new KafkaClientError('CONFIG', 'transactional.id: the worker sets it where transactions are asked for')
      }
      const producer = new KafkaProducer(its, log)
      open.set(its, () => producer.close())
      return producer
    },
    transactionalProducer(own) {
      const its = cluster(own)
      const producer = new KafkaTransactionalProducer(its, log)
      open.set(its, () => producer.close())
      return producer
    },
    consumer(consumerOptions) {
      if (consumerOptions.groupId === '') throw new KafkaClientError('CONFIG', 'group.id: missing')
      const its = cluster(consumerOptions.settings)
      const consumer = new KafkaConsumer(its, consumerOptions, log)
      open.set(its, () => consumer.close())
      return consumer
    },
    topicLog(logOptions) {
      // A batch of state must not wait, and a store counts on order.
      const forState = { ...logOptions.settings, acks: 'all', 'linger.ms': '0' }
      const its = cluster(logOptions.settings)
      const topicLog = new KafkaTopicLog(its, logOptions, () => new KafkaProducer(cluster(forState), log), log)
      open.set(its, () => topicLog.stop())
      return topicLog
    },
    membership(memberOptions) {
      const its = cluster(undefined)
      const member = new GroupMember({ ...memberOptions, cluster: its, groupInstanceId: null, log })
      const close = async () => {
        await member.close()
        await its.close()
      }
      open.set(its, close)
      return {
        get state() {
          return member.state
        },
        get generation() {
          return member.generation
        },
        get silence() {
          return member.silence
        },
        get isDue() {
          return member.isDue
        },
        poll: () => member.poll(),
        requestRejoin: reason => member.requestRejoin(reason),
        close,
      }
    },
    admin(own) {
      const its = cluster(own)
      const admin = createAdmin(its)
      open.set(its, () => admin.close())
      return admin
    },
    async close() {
      closed = true
      await Promise.all([...open.values()].map(close => close()))
    },
  }
}
