import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Herder } from '../herder/herder.ts'
import { jsonOf, propsOf } from './body.ts'

type Named = { Params: { connector: string } }

const taskConfigs = (body: unknown): void => {
  const json = jsonOf(body)
  if (json === undefined) return
  if (!Array.isArray(json))
    throw new CodedError('INTERNAL', {
      reason:
        'Cannot deserialize value of type `java.util.ArrayList<java.util.Map<java.lang.String,java.lang.String>>`: the body must be a list of task configurations',
    })
  for (const config of json) propsOf(config, 'taskConfig')
}

/** What workers of a cluster ask each other; a worker of its own has nobody to ask, and says so as Kafka Connect's does. */
export const internal = (app: FastifyInstance, herder: Herder): void => {
  app.post<Named>('/connectors/:connector/tasks', async (request, reply) => {
    // What cannot be read is refused first, signed or not.
    taskConfigs(request.body)
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
