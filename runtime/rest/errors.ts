import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../api/context.ts'
import { isConfigError } from '../api/errors.ts'
import { CodedError } from '../base/errors.ts'

const reasons: Readonly<Record<number, string>> = {
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
}

/** An error found before a route answered: Kafka Connect's JSON, without a content type. */
export const beforeRoute = (reply: FastifyReply, status: number): FastifyReply => {
  // A Buffer, so that no content type is guessed.
  return reply
    .code(status)
    .removeHeader('content-type')
    .send(Buffer.from(JSON.stringify({ error_code: status, message: `HTTP ${status} ${reasons[status] ?? 'Error'}` })))
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Maps what routes throw to Kafka Connect's bodies; `code`, `config_key` are additions. */
export const installErrors = (app: FastifyInstance, log: Log): void => {
  app.setErrorHandler((error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof CodedError) {
      return reply.code(error.status).send({ error_code: error.status, message: error.message, code: error.code })
    }
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
    if (status === 415) return beforeRoute(reply, 415)
    if (status !== 500) return reply.code(status).send({ error_code: status, message: error.message })
    log.error('A request failed', { method: request.method, url: request.url, error })
    return reply
      .code(500)
      .send({
        error_code: 500,
        message: error.message,
        ...(isConfigError(error) && error.key !== undefined && { config_key: error.key }),
      })
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!
    const allowed = methods.filter(method => routeMatches(app, method, path))
    if (allowed.length === 0) return beforeRoute(reply, 404)
    if (request.method === 'OPTIONS') {
      const verbs = [...allowed, 'OPTIONS'].join(', ')
      reply.header('allow', verbs)
      return request.headers.accept?.includes('application/json') === true
        ? reply.code(200).send()
        : reply.code(200).type('text/plain').send(verbs)
    }
    return beforeRoute(reply.header('allow', [...allowed, 'OPTIONS'].join(', ')), 405)
  })
}

/** Whether a path (not a route's pattern) is served with a method. */
const routeMatches = (app: FastifyInstance, method: (typeof methods)[number], path: string): boolean => {
  const router = routers.get(app)
  return router?.some(route => route.method === method && route.pattern.test(path)) ?? false
}

interface KnownRoute {
  readonly method: string
  readonly pattern: RegExp
}

const routers = new WeakMap<FastifyInstance, KnownRoute[]>()

/** Remembers a route, for 405 and OPTIONS. */
export const rememberRoutes = (app: FastifyInstance): void => {
  const known: KnownRoute[] = []
  routers.set(app, known)
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(
      `^${url.replace(/\/$/, '').replace(/:[A-Za-z]+(\([^)]*\))?/g, (_, own?: string) => own?.slice(1, -1).replace(/^\^|\$$/g, '') ?? '[^/]+')}/?$`,
    )
    for (const one of [method].flat()) known.push({ method: one, pattern })
  })
}
