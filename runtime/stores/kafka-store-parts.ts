import type { Log } from '../api/context.ts'
import type { Admin, TopicLog, TopicLogOptions, TransactionalProducer } from '../kafka/ports.ts'
import type { InternalTopic } from './internal-topic.ts'

/** What a store in a Kafka topic needs. The topic is prepared and read when the store starts. */
export interface KafkaStoreParts {
  readonly topic: InternalTopic
  readonly admin: () => Promise<Admin>
  readonly topicLog: (options: TopicLogOptions) => Promise<TopicLog>
  /** Fences those who led before; without it leaders write like anyone else. */
  readonly leaderProducer?: () => Promise<TransactionalProducer>
  /** A failure of the log that retrying does not cure: the store stands still from then on. */
  readonly onError?: (error: Error) => void
  readonly log: Log
}
