import type { FastifyInstance } from 'fastify'
import { deadline } from '../base/abort.ts'
import type { Herder } from '../herder/herder.ts'

const healthTimeoutMs = 10_000

class Late extends Error {}

/** `/`, `/health` and `/metrics`. */
export const root = (
  app: FastifyInstance,
  herder: Herder,
  version: string,
  metrics: (() => Promise<string>) | undefined,
): void => {
  app.get('/', async () => ({ version, commit: 'unknown', kafka_cluster_id: await herder.kafkaClusterId() }))

  app.get('/health', async (_request, reply) => {
    try {
      await deadline(herder.turn(), healthTimeoutMs, () => new Late())
      if (herder.isReady())
        return { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }
    } catch (error) {
      if (!(error instanceof Late)) throw error
      if (herder.isReady())
        return reply
          .code(500)
          .send({
            status: 'unhealthy',
            message: 'Worker was unable to handle this request and may be unable to handle other requests.',
          })
    }
    return reply.code(503).send({ status: 'starting', message: 'Worker is still starting up.' })
  })

  if (metrics !== undefined)
    app.get('/metrics', async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
    )
}
