import type { FastifyInstance } from 'fastify'
import type { Log } from '../api/context.ts'
import { callerOf } from './access.ts'

const asking = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The audit: one line for each request that changes something or was refused for its caller: who asked for what, from where, and what came of it. */
export const logChanges = (app: FastifyInstance, log: Log): void => {
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, routeOptions, ip } = request
    const { statusCode: status, elapsedTime } = reply
    const refused = status === 401 || status === 403
    if (!refused && (asking.has(method) || routeOptions.url?.endsWith('/config/validate') === true)) return
    const user = callerOf(request)?.name
    // A query may hold anything.
    log.info(`${method} ${url.split('?')[0]}`, {
      status,
      ms: Math.round(elapsedTime),
      from: ip,
      ...(user !== undefined && { user }),
    })
  })
}
