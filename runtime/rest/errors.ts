import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../api/context.ts'
import { isConfigError } from '../api/errors.ts'
import { CodedError } from '../base/errors.ts'
import { ElsewhereError } from '../herder/elsewhere.ts'
import { forward, sendForwarded } from './forward.ts'
import { routesAt } from './routes.ts'

/** What the server refuses by itself: text and, as an addition, code. */
const reasons: Readonly<Record<number, readonly [text: string, code: string]>> = {
  404: ['Not Found', 'NOT_FOUND'],
  405: ['Method Not Allowed', 'METHOD_NOT_ALLOWED'],
  406: ['Not Acceptable', 'NOT_ACCEPTABLE'],
  413: ['Request Entity Too Large', 'BODY_TOO_LARGE'],
  415: ['Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE'],
}

const refusal = (status: number, hint?: string): object => {
  const [text, code] = reasons[status] ?? ['Error', status < 500 ? 'BAD_REQUEST' : 'INTERNAL']
  return { error_code: status, message: `HTTP ${status} ${text}`, code, ...(hint !== undefined && { hint }) }
}

const bare = new WeakSet<FastifyReply>()

/** An error found before a route answered: Kafka Connect's JSON, without a content type. */
export const beforeRoute = (reply: FastifyReply, status: number, hint?: string): FastifyReply => {
  bare.add(reply)
  return reply.code(status).send(JSON.stringify(refusal(status, hint)))
}

/** What the server itself refuses: a page for methods that may show one, nothing for the others. */
export const refusedByServer = (reply: FastifyReply, reason: string): FastifyReply => {
  bare.add(reply)
  reply.code(400)
  const { method } = reply.request
  if (method === 'PUT' || method === 'DELETE' || method === 'PATCH' || method === 'HEAD') return reply.send('')
  return reply
    .header('content-type', 'text/html;charset=iso-8859-1')
    .send(
      `<html>\n<head><title>Error 400 ${reason}</title></head>\n<body><h2>HTTP ERROR 400 ${reason}</h2></body>\n</html>\n`,
    )
}

/** Content types as Kafka Connect gives them: none on bare answers, no charset on JSON. */
export const contentTypes = (app: FastifyInstance): void => {
  app.addHook('onSend', async (_request, reply) => {
    const type = reply.getHeader('content-type')
    if (bare.has(reply)) {
      if (typeof type === 'string' && !type.startsWith('text/html')) reply.removeHeader('content-type')
    } else if (type === 'application/json; charset=utf-8') reply.header('content-type', 'application/json')
  })
}

/** Refuses paths that no client means: an empty segment, a control character. */
export const strangePaths = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?', 1)[0]!
    if (path.includes('//')) return refusedByServer(reply, 'Ambiguous URI empty segment')
    if (/%[01][0-9a-f]|%7f/i.test(path)) return refusedByServer(reply, 'Bad Request')
    return undefined
  })
}

const wildcard = /^(\*\/\*|application\/\*|application\/json)$/i

/** Whether a client takes JSON. */
export const takesJson = (accept: string | undefined): boolean =>
  accept === undefined ||
  accept.trim() === '' ||
  accept
    .split(',')
    .some(range => wildcard.test(range.split(';', 1)[0]!.trim()) && !/;\s*q=0(\.0*)?\s*(;|$)/.test(range))

// In the order in which Kafka Connect names them.
const verbs = ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH'] as const

/** Maps what routes throw to Kafka Connect's bodies; `code`, `config_key` and `hint` are additions. */
export const installErrors = (app: FastifyInstance, log: Log): void => {
  const coded = (error: CodedError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { status, message, code, configKey, hint } = error
    if (status === 500) log.warn('A request failed', { method: request.method, url: request.url, error })
    return reply.code(status).send({
      error_code: status,
      message,
      code,
      ...(configKey !== undefined && { config_key: configKey }),
      ...(hint !== undefined && { hint }),
    })
  }
  app.setErrorHandler(async (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof ElsewhereError) {
      try {
        return sendForwarded(request, reply, await forward(request, error.url))
      } catch (failure) {
        if (failure instanceof CodedError) return coded(failure, request, reply)
        throw failure
      }
    }
    if (error instanceof CodedError) return coded(error, request, reply)
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
    // Without any content type the answer is of the type that the route would have given.
    const hint = 'Send Content-Type: application/json'
    if (status === 415 && request.headers['content-type'] !== undefined) return beforeRoute(reply, 415, hint)
    if (status === 415) return reply.code(415).send(refusal(415, hint))
    if (status !== 500) return reply.code(status).send({ ...refusal(status), message: error.message })
    log.error('A request failed', { method: request.method, url: request.url, error })
    return reply.code(500).send({
      error_code: 500,
      message: error.message,
      code: 'INTERNAL',
      ...(isConfigError(error) && error.key !== undefined && { config_key: error.key }),
    })
  })
  const notServed = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split('?', 1)[0]!
    const served = new Set(routesAt(app, path).map(({ method }) => method))
    const allowed = verbs.filter(method => method === 'OPTIONS' || served.has(method))
    if (allowed.length === 1) return beforeRoute(reply, 404)
    const list = allowed.join(', ')
    // As captured: Kafka Connect's 405 has no Allow header.
    if (request.method !== 'OPTIONS') return beforeRoute(reply, 405, `This path takes ${list}`)
    reply.code(200).header('allow', list)
    return request.headers.accept?.includes('application/json') === true
      ? reply.type('application/json').send('')
      : reply.header('content-type', 'text/plain').send(list)
  }
  app.setNotFoundHandler(notServed)
  // Before the server looks for the body that such a method may have.
  app.addHook('onRequest', async (request, reply) =>
    verbs.some(method => method === request.method) ? undefined : notServed(request, reply),
  )
}
