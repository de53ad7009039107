import { errorCodes } from '../../protocol/error-codes.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { type BrokerParts, type Served, serve } from '../serve.ts'

/** For idempotence only: transactions are not served yet. Always a new id: an idempotent producer raises its epoch itself. */
export const serveInitProducerId = (parts: BrokerParts): Served =>
  serve(initProducerId, [0, 5], async (request, { clientId }) => {
    if (request.transactionalId !== null) {
      parts.log.warn('Refused a transactional producer: the embedded broker serves no transactions yet', {
        client: clientId,
        transactionalId: request.transactionalId,
      })
      return { errorCode: errorCodes.UNSUPPORTED_VERSION, producerId: -1, producerEpoch: -1 }
    }
    return { errorCode: 0, producerId: await parts.producerIds.next(), producerEpoch: 0 }
  })
