import type { FastifyInstance } from 'fastify'

/** A route as it was declared. */
export interface KnownRoute {
  readonly method: string
  /** With parameters as `:name`. */
  readonly url: string
  readonly pattern: RegExp
}

const routers = new WeakMap<FastifyInstance, KnownRoute[]>()

/** Remembers every route of a server, for 405, OPTIONS, roles and the OpenAPI document. */
export const rememberRoutes = (app: FastifyInstance): void => {
  const known: KnownRoute[] = []
  routers.set(app, known)
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(
      `^${url.replace(/\/$/, '').replace(/:[A-Za-z]+(\([^)]*\))?/g, (_, own?: string) => own?.slice(1, -1).replace(/^\^|\$$/g, '') ?? '[^/]+')}/?$`,
    )
    for (const one of [method].flat()) known.push({ method: one, url, pattern })
  })
}

/** All routes of a server. */
export const routesOf = (app: FastifyInstance): readonly KnownRoute[] => routers.get(app) ?? []

/** The routes that a path (not a route's pattern) leads to. */
export const routesAt = (app: FastifyInstance, path: string): readonly KnownRoute[] =>
  routesOf(app).filter(({ pattern }) => pattern.test(path))
