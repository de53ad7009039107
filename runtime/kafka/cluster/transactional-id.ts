import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import type { Cluster } from './cluster.ts'
import type { Coordinator } from './coordinator.ts'

/** Transactions of the protocol in which epochs stay; later versions say more only to those that use the other. */
const LAST_VERSION = 5

/**
 * Makes us the newest producer of a transactional id: earlier ones are fenced, and what they left open is aborted before
 * this resolves. `timeoutMs` is how long a transaction may take. Throws KafkaProtocolError when it is refused.
 */
export const initTransactionalId = (
  cluster: Cluster,
  coordinator: Coordinator,
  timeoutMs: number,
): Promise<{ readonly producerId: number; readonly epoch: number }> =>
  cluster.retrying(async () => {
    const transactionalId = coordinator.key
    const body = { transactionalId, transactionTimeoutMs: timeoutMs }
    const response = await coordinator.request(initProducerId, body, { maxVersion: LAST_VERSION })
    coordinator.check(response.errorCode, { api: initProducerId.name, detail: transactionalId })
    return { producerId: response.producerId, epoch: response.producerEpoch }
  })
