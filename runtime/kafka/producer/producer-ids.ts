import { throwOnError } from '../../protocol/error-codes.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import type { Cluster } from '../cluster/cluster.ts'

export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

/** A fresh identity for an idempotent producer without transactions. */
export const newProducerId = (cluster: Cluster): Promise<ProducerIdentity> =>
  cluster.retrying(
    async () => {
      const connection = await cluster.any()
      const response = await connection.request(initProducerId, {
        transactionalId: null,
        transactionTimeoutMs: 2_147_483_647,
      })
      throwOnError(response.errorCode, { api: initProducerId.name })
      return { producerId: response.producerId, epoch: response.producerEpoch }
    },
    // The records wait by their own limit, delivery.timeout.ms.
    { timeoutMs: Number.POSITIVE_INFINITY, setting: 'delivery.timeout.ms' },
  )
