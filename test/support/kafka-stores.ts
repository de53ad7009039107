import { createKafka } from '../../runtime/kafka/kafka.ts'
import type { InternalTopic } from '../../runtime/stores/internal-topic.ts'
import type { KafkaStoreParts } from '../../runtime/stores/kafka-store-parts.ts'
import { type RecordingLog, recordingLog } from './fakes/log.ts'
import { type TestBroker, testBroker } from './test-broker.ts'

/** An embedded broker with what stores in its topics need. */
export interface StoreBroker {
  readonly broker: TestBroker
  readonly kafka: ReturnType<typeof createKafka>
  readonly log: RecordingLog
  /** For a topic of that name; one partition for configs, three otherwise, unless told. */
  parts(what: InternalTopic['what'], name: string, more?: Partial<InternalTopic>): KafkaStoreParts
  close(): Promise<void>
}

export const storeBroker = async (): Promise<StoreBroker> => {
  const broker = await testBroker()
  const kafka = createKafka({ 'bootstrap.servers': broker.broker.bootstrap })
  const admin = kafka.admin()
  const log = recordingLog()
  return {
    broker,
    kafka,
    log,
    parts: (what, name, more = {}) => ({
      topic: { name, what, partitions: what === 'config' ? 1 : 3, replicationFactor: 1, ...more },
      admin: async () => admin,
      topicLog: async options => kafka.topicLog(options),
      log,
    }),
    async close() {
      await kafka.close()
      await broker.remove()
    },
  }
}
