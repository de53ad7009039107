import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Herder } from '../herder/herder.ts'

type Named = { Params: { connector: string } }

/** What workers of a cluster ask each other; a worker of its own has nobody to ask, and says so as Kafka Connect's does. */
export const internal = (app: FastifyInstance, herder: Herder): void => {
  app.post<Named>('/connectors/:connector/tasks', async (request, reply) => {
    if (herder.internal === undefined)
      throw new CodedError('NOT_SUPPORTED', {
        reason: 'Kafka Connect in standalone mode does not support externally setting task configurations.',
      })
    await herder.internal.putTasks(request.params.connector, String(request.body ?? ''), request.headers)
    return reply.code(204).send()
  })

  app.put<Named>('/connectors/:connector/fence', async (request, reply) => {
    if (herder.internal === undefined)
      throw new CodedError('NOT_SUPPORTED', {
        reason: 'Kafka Connect in standalone mode does not support exactly-once source connectors.',
      })
    await herder.internal.fence(request.params.connector, request.headers)
    return reply.code(204).send()
  })
}
