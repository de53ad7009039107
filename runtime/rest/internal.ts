import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'

/** What workers of a cluster ask each other; a worker of its own has nobody to ask, and says so as Kafka Connect's does. */
export const internal = (app: FastifyInstance): void => {
  app.post('/connectors/:connector/tasks', async () => {
    throw new CodedError('NOT_SUPPORTED', {
      reason: 'Kafka Connect in standalone mode does not support externally setting task configurations.',
    })
  })

  app.put('/connectors/:connector/fence', async () => {
    throw new CodedError('NOT_SUPPORTED', {
      reason: 'Kafka Connect in standalone mode does not support exactly-once source connectors.',
    })
  })
}
