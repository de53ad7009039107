import type { FastifyInstance } from 'fastify'
import { neededRole } from './access.ts'
import { type Operation, operations } from './openapi-operations.ts'
import { schemas } from './openapi-schemas.ts'
import { type KnownRoute, routesOf } from './routes.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const json = (schema: string) => ({ 'application/json': { schema: ref(schema) } })

const isShown = ({ method }: KnownRoute): boolean => method !== 'HEAD' && method !== 'OPTIONS'

/** `/connectors/:connector` as OpenAPI spells it. */
const pathOf = (url: string): string => url.replace(/:([A-Za-z]+)(\([^)]*\))?/g, '{$1}')

const operationOf = (route: KnownRoute, operation: Operation): object => {
  const { summary, tag, query = {}, body, status, answer, type = 'application/json', others = {} } = operation
  const names = [...route.url.matchAll(/:([A-Za-z]+)/g)].map(match => match[1]!)
  const succeeded =
    answer === undefined
      ? {}
      : type === 'application/json'
        ? { content: json(answer) }
        : { content: { [type]: { schema: { type: 'string' } } } }
  const failed = { description: 'What was wrong.', content: json('Error') }
  return {
    operationId: operation.id,
    summary,
    tags: [tag],
    'x-millrace-role': neededRole(route.method, route.url),
    parameters: [
      ...names.map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query).map(([name, { doc, schema }]) => ({ name, in: 'query', description: doc, schema })),
    ],
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: {
      [status]: { description: 'Done.', ...succeeded },
      ...Object.fromEntries(
        Object.entries(others).map(([code, schema]) => [
          code,
          { description: 'Done.', ...(schema !== null && { content: json(schema) }) },
        ]),
      ),
      default: failed,
    },
  }
}

/** The OpenAPI document of what a server serves. Throws for a route that is not described. */
export const openApi = (app: FastifyInstance, version: string): object => {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routesOf(app).filter(isShown)) {
    const operation = operations[`${route.method} ${route.url}`]
    if (operation === undefined)
      throw new Error(`${route.method} ${route.url} is not described in openapi-operations.ts`)
    paths[pathOf(route.url)] = {
      ...paths[pathOf(route.url)],
      [route.method.toLowerCase()]: operationOf(route, operation),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        "Kafka Connect's REST API, with additions: members that its answers do not have, /metrics and this document.",
    },
    paths,
    components: {
      schemas,
      securitySchemes: { basic: { type: 'http', scheme: 'basic' }, bearer: { type: 'http', scheme: 'bearer' } },
    },
    // Where a worker asks for no credentials, none are needed.
    security: [{}, { basic: [] }, { bearer: [] }],
  }
}
