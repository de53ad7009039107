import type { AddressInfo } from 'node:net'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { Log } from '../api/context.ts'
import { logger } from '../telemetry/log.ts'
import { RegistryRefusal, refusals } from './errors.ts'
import { SchemaRegistry } from './registry.ts'
import { schemaRoutes } from './schema-routes.ts'
import { settingRoutes } from './setting-routes.ts'
import type { RegistryStore } from './store.ts'
import { subjectRoutes } from './subject-routes.ts'

export interface RegistryServerOptions {
  readonly store: RegistryStore
  /** 0 (default): a free one. */
  readonly port?: number
  /** Loopback unless told: nobody is asked who they are. */
  readonly host?: string
  /** What `/v1/metadata/version` says. */
  readonly version?: string
  readonly log?: Log
}

export interface RegistryServer {
  /** Base URL: a client's `schema.registry.url`. */
  readonly url: string
  close(): Promise<void>
}

const contentType = 'application/vnd.schemaregistry.v1+json'

const installErrors = (app: FastifyInstance, log: Log): void => {
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({ error_code: 404, message: 'HTTP 404 Not Found' }),
  )
  app.setErrorHandler((error: FastifyError | RegistryRefusal, request, reply) => {
    if (error instanceof RegistryRefusal)
      return reply.status(error.status).send({ error_code: error.code, message: error.message })
    const status = error.statusCode ?? 500
    if (status < 500) return reply.status(status).send({ error_code: status, message: error.message })
    log.error('A request to the schema registry failed', { method: request.method, url: request.url, error })
    const failed = refusals.storeFailed(error.message)
    return reply.status(failed.status).send({ error_code: failed.code, message: failed.message })
  })
}

/** Serves the REST API of Confluent's schema registry. Throws when the store cannot be read or the port is taken. */
export const startSchemaRegistry = async (options: RegistryServerOptions): Promise<RegistryServer> => {
  const { store, port = 0, host = '127.0.0.1', version = '', log = logger('millrace.registry') } = options
  const registry = new SchemaRegistry(store, log)
  await registry.start()
  const app = fastify({
    bodyLimit: 8 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    forceCloseConnections: true,
  })
  // Clients send JSON under several names, and some under none.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      // Bytes that are no UTF-8 are refused: what would stand for them would be registered (invariant 9).
      done(null, body.length === 0 ? undefined : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
    } catch (error) {
      done(new RegistryRefusal(400, 400, `The body is not JSON: ${(error as Error).message}`))
    }
  })
  // At the end: an error forgets what was set before.
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-type', contentType)
  })
  installErrors(app, log)
  app.get('/', async () => ({}))
  app.get('/v1/metadata/id', async () => ({ scope: { path: [], clusters: {} } }))
  app.get('/v1/metadata/version', async () => ({ version, commitId: '' }))
  subjectRoutes(app, registry)
  schemaRoutes(app, registry)
  settingRoutes(app, registry)
  try {
    await app.listen({ port, host })
  } catch (error) {
    await registry.close()
    throw error
  }
  const address = app.server.address() as AddressInfo
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${name}:${address.port}`,
    async close() {
      await app.close()
      await registry.close()
    },
  }
}
