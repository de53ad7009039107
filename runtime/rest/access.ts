import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Caller, Credentials, Role } from './credentials.ts'
import { routesAt } from './routes.ts'

const callers = new WeakMap<FastifyRequest, Caller>()

/** Who sent a request, once it is known; undefined also where everybody may call. */
export const callerOf = (request: FastifyRequest): Caller | undefined => callers.get(request)

const rank: Readonly<Record<Role, number>> = { read: 0, operate: 1, admin: 2 }
const asking = new Set(['GET', 'HEAD', 'OPTIONS'])
const operating = /\/(pause|resume|stop|restart|topics\/reset)$/
// What workers ask each other is signed instead.
const signed = new Set(['POST /connectors/:connector/tasks', 'PUT /connectors/:connector/fence'])

/** The role that a route asks for. A validation is an admin's: it looks up variables and lets the connector call out. */
export const neededRole = (method: string, route: string): Role => {
  if (asking.has(method)) return 'read'
  return operating.test(route) ? 'operate' : 'admin'
}

/**
 * Bytes of a Basic header's text. Throws CodedError 500 with the words of Java's decoder, as Kafka Connect answers.
 */
const decoded = (text: string): string => {
  const illegal = /[^A-Za-z0-9+/=]/.exec(text)
  if (illegal !== null)
    throw new CodedError('INTERNAL', { reason: `Illegal base64 character ${illegal[0].charCodeAt(0).toString(16)}` })
  if (text.replace(/=+$/, '').length % 4 === 1)
    throw new CodedError('INTERNAL', { reason: 'Last unit does not have enough valid bits' })
  return Buffer.from(text, 'base64').toString('utf8')
}

const identify = (credentials: Credentials, header: string | undefined): Caller | undefined => {
  const [, scheme = '', value = ''] = /^(\S+) (.*)$/.exec(header ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials.token(value.trim())
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = decoded(value)
  const colon = pair.indexOf(':')
  return colon < 1 ? undefined : credentials.user(pair.slice(0, colon), pair.slice(colon + 1))
}

/** Kafka Connect's refusal: a text that calls itself JSON, without a challenge. */
const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply
    .code(401)
    .header('content-type', request.method === 'OPTIONS' ? 'text/plain' : 'application/json')
    .serializer((text: unknown) => String(text))
    .send('User cannot access the resource.')

/** Lets in whom the credentials know, as far as their role goes; an unknown path is not found for everybody. */
export const accessControl = (app: FastifyInstance, credentials: Credentials): void => {
  app.addHook('onRequest', async (request, reply) => {
    const { method } = request
    const path = request.url.split('?', 1)[0]!
    // OPTIONS has no route of its own: what answers it comes later.
    if (request.is404 && (method !== 'OPTIONS' || routesAt(app, path).length === 0)) return undefined
    const route = request.routeOptions.url ?? path
    if (signed.has(`${method} ${route}`)) return undefined
    const caller = identify(credentials, request.headers.authorization)
    if (caller === undefined) return refuse(request, reply)
    callers.set(request, caller)
    const needed = neededRole(method, route)
    if (caller.role === undefined || rank[caller.role] < rank[needed])
      throw new CodedError(
        'FORBIDDEN',
        { user: caller.name, role: needed },
        {
          hint:
            caller.role === undefined
              ? 'The user has no role: see rest.roles'
              : `The role of the caller is ${caller.role}`,
        },
      )
    return undefined
  })
}
