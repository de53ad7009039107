import type { ServerOptions as HttpsOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Log } from '../api/context.ts'
import { ConfigError } from '../api/errors.ts'
import type { Herder } from '../herder/herder.ts'
import { accessControl } from './access.ts'
import { textOf } from './body.ts'
import { connectorPlugins } from './connector-plugins.ts'
import { connectors } from './connectors.ts'
import type { Credentials } from './credentials.ts'
import { beforeRoute, contentTypes, installErrors, refusedByServer, strangePaths, takesJson } from './errors.ts'
import { cors, responseHeaders, typesOfNothing } from './headers.ts'
import { internal } from './internal.ts'
import { parseListener } from './listeners.ts'
import { loggers } from './loggers.ts'
import { Masking } from './mask.ts'
import { offsets } from './offsets.ts'
import { logChanges } from './request-log.ts'
import { root } from './root.ts'
import { rememberRoutes } from './routes.ts'
import { timeLimit } from './time-limit.ts'

export interface RestOptions {
  readonly herder: Herder
  /** `http://host:port` or `https://host:port`; port 0 takes a free one. */
  readonly listeners: readonly string[]
  readonly version: string
  readonly log: Log
  /** `access.control.allow.origin`, `access.control.allow.methods` */
  readonly allowOrigin?: string
  readonly allowMethods?: string
  /** `response.http.headers.config` */
  readonly responseHeaders?: string
  /** `rest.advertised.host.name`, `rest.advertised.port` */
  readonly advertisedHost?: string
  readonly advertisedPort?: number
  /** `rest.advertised.listener`: the scheme. */
  readonly advertisedListener?: string
  /** `admin.listeners`: undefined: with the rest, empty: nowhere. */
  readonly adminListeners?: readonly string[]
  /** How long answering may take; Kafka Connect's 90 s, not configurable there either. */
  readonly requestTimeoutMs?: number
  /** Where TLS settings of https listeners are. */
  readonly props?: Readonly<Record<string, string>>
  /** Who may call; without it everybody. */
  readonly credentials?: Credentials
  /** `rest.mask.secrets` */
  readonly maskSecrets?: boolean
  /** Text put into `/metrics`. */
  readonly metrics?: () => Promise<string>
}

export interface RestServer {
  /** Base URL for clients. */
  readonly url: string
  /** `host:port`, the worker id. */
  readonly workerId: string
  /** Base URL for the other workers of a cluster. */
  readonly advertisedUrl: string
  close(): Promise<void>
}

const bodyLimit = 8 * 1024 * 1024
const defaultTimeoutMs = 90_000

const build = (options: RestOptions, https: HttpsOptions | null): FastifyInstance => {
  const timeoutMs = options.requestTimeoutMs ?? defaultTimeoutMs
  // The two kinds of server differ in type only: what is done with them here is the same.
  const app = fastify({
    ...(https !== null && ({ https } as object)),
    bodyLimit,
    logger: false,
    exposeHeadRoutes: true,
    requestTimeout: timeoutMs,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    // A bad escape in the path.
    frameworkErrors: (_error, _request, reply) => refusedByServer(reply, 'Bad Request'),
  })
  // JSON is read by the routes: what is malformed has to be answered as Kafka Connect does.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    textOf(body),
  )
  rememberRoutes(app)
  logChanges(app, options.log)
  timeLimit(app, timeoutMs)
  contentTypes(app)
  typesOfNothing(app)
  strangePaths(app)
  cors(app, options.allowOrigin ?? '', options.allowMethods ?? '')
  if (options.credentials !== undefined) accessControl(app, options.credentials)
  app.addHook('preParsing', async (request, reply) => {
    if (!request.is404 && !takesJson(request.headers.accept) && request.routeOptions.url !== '/metrics')
      return beforeRoute(reply, 406)
    return undefined
  })
  installErrors(app, options.log)
  responseHeaders(app, options.responseHeaders ?? '')
  return app
}

const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Serves the REST API; resolves when it listens. Throws ConfigError for a listener that cannot work. */
export const startRest = async (options: RestOptions): Promise<RestServer> => {
  if (options.listeners.length === 0)
    throw new ConfigError('listeners is empty: name one as http://host:port', { key: 'listeners' })
  const { herder } = options
  const masking = new Masking(herder, options.maskSecrets === true)
  const apps: FastifyInstance[] = []
  const listen = async (listener: string, admin: boolean, main: boolean): Promise<AddressInfo> => {
    const { secure, host, port } = parseListener(listener)
    const prefix = main ? 'listeners.https.' : 'admin.listeners.https.'
    const app = build(options, secure ? (await import('./tls.ts')).tlsOptions(options.props ?? {}, prefix) : null)
    if (main) {
      root(app, herder, options.version, options.metrics)
      connectors(app, herder, masking)
      offsets(app, herder)
      internal(app, herder)
      connectorPlugins(app, herder, masking)
    }
    if (admin) loggers(app, herder)
    apps.push(app)
    try {
      if (host !== '') await app.listen({ host, port })
      else {
        await app.listen({ host: '::', port }).catch((error: NodeJS.ErrnoException) => {
          // A machine without IPv6.
          if (error.code !== 'EAFNOSUPPORT' && error.code !== 'EADDRNOTAVAIL') throw error
          return app.listen({ host: '0.0.0.0', port })
        })
      }
    } catch (cause) {
      const hint =
        (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
          ? '. Another process, perhaps a worker, has this port: stop it, or name another port in listeners'
          : ''
      throw new ConfigError(`Cannot listen at ${listener}: ${(cause as Error).message}${hint}`, {
        cause,
        key: 'listeners',
      })
    }
    return app.server.address() as AddressInfo
  }
  try {
    const addresses: AddressInfo[] = []
    for (const listener of options.listeners)
      addresses.push(await listen(listener, options.adminListeners === undefined, true))
    for (const listener of options.adminListeners ?? []) await listen(listener, true, false)
    const first = parseListener(options.listeners[0]!)
    const bound = first.host === '' || first.host === '0.0.0.0' || first.host === '::' ? 'localhost' : first.host
    const port = addresses[0]!.port
    const scheme = options.advertisedListener?.toLowerCase() ?? (first.secure ? 'https' : 'http')
    const workerId = `${hostOf(options.advertisedHost ?? bound)}:${options.advertisedPort ?? port}`
    return {
      url: `${first.secure ? 'https' : 'http'}://${hostOf(bound)}:${port}`,
      workerId,
      advertisedUrl: `${scheme}://${workerId}/`,
      close: async () => {
        await Promise.all(apps.map(app => app.close()))
      },
    }
  } catch (error) {
    await Promise.all(apps.map(app => app.close()))
    throw error
  }
}
