import type { FastifyInstance } from 'fastify'
import type { Herder } from '../herder/herder.ts'

/** `/`, `/health`, `/metrics` and `/openapi.json`, which tells the routes of this listener. */
export const root = (
  app: FastifyInstance,
  herder: Herder,
  version: string,
  metrics: (() => Promise<string>) | undefined,
): void => {
  app.get('/', async () => ({ version, commit: 'unknown', kafka_cluster_id: await herder.kafkaClusterId() }))

  // Requests wait for nothing but their own connector: a worker that answers at all is healthy once it has started.
  app.get('/health', async (_request, reply) =>
    herder.isReady()
      ? { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }
      : reply.code(503).send({ status: 'starting', message: 'Worker is still starting up.' }),
  )

  if (metrics !== undefined)
    app.get('/metrics', async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
    )

  let document: string | undefined
  app.get('/openapi.json', async (_request, reply) => {
    const { openApi } = await import('./openapi.ts')
    // No route comes later.
    document ??= JSON.stringify(openApi(app, version))
    return reply.type('application/json').send(document)
  })
}
