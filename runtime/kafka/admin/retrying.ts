import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import type { Cluster } from '../cluster/cluster.ts'

export type Retrying = <T>(operation: () => Promise<T>) => Promise<T>

/** A topic just created may be unknown to some brokers for a moment; after this it is an answer, not a reason to wait. */
const MISSING_TOPIC_MS = 2000

export const adminRetrying =
  (cluster: Cluster): Retrying =>
  operation =>
    cluster.retrying(operation, {
      patience: error =>
        error instanceof KafkaProtocolError && error.kafkaCode === 'UNKNOWN_TOPIC_OR_PARTITION'
          ? MISSING_TOPIC_MS
          : undefined,
    })
