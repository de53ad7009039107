import type { FastifyInstance } from 'fastify'
import type { Log } from '../api/context.ts'

const asking = new Set(['GET', 'HEAD', 'OPTIONS'])

/** One line for each request that changes something: who reads the log sees what was asked of the worker, and when. */
export const logChanges = (app: FastifyInstance, log: Log): void => {
  app.addHook('onResponse', async ({ method, url, routeOptions }, reply) => {
    if (asking.has(method) || routeOptions.url?.endsWith('/config/validate') === true) return
    // A query may hold anything.
    log.info(`${method} ${url.split('?')[0]}`, { status: reply.statusCode, ms: Math.round(reply.elapsedTime) })
  })
}
