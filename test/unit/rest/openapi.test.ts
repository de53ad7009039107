import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, expect, test } from 'vitest'
import { operations } from '../../../runtime/rest/openapi-operations.ts'
import { schemas } from '../../../runtime/rest/openapi-schemas.ts'
import type { Scenario } from '../../golden/rest/replay.ts'
import { restServers } from '../../support/fakes/rest-server.ts'

const { start, stop } = restServers()
afterEach(stop)

interface Document {
  readonly openapi: string
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly operationId: string
            readonly parameters: readonly { readonly name: string; readonly in: string }[]
          }
        >
      >
    >
  >
}

const documentOf = async (url: string): Promise<Document> =>
  (await fetch(`${url}/openapi.json`)).json() as Promise<Document>

test('every route is described, and nothing else is', async () => {
  const { url } = await start({}, { metrics: async () => '' })
  const { openapi, paths } = await documentOf(url)
  expect(openapi).toBe('3.1.0')
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  expect(served.sort()).toEqual(Object.keys(operations).sort())
  const ids = Object.values(operations).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [path, methods] of Object.entries(paths))
    for (const { parameters } of Object.values(methods))
      expect(parameters.filter(one => one.in === 'path').map(({ name }) => `{${name}}`)).toEqual(
        path.match(/\{\w+\}/g) ?? [],
      )
})

test('only what a listener serves is in its document', async () => {
  const { url } = await start({}, { adminListeners: [] })
  const { paths } = await documentOf(url)
  expect(Object.keys(paths).filter(path => path.startsWith('/admin') || path === '/metrics')).toEqual([])
})

test('the schemas are schemas, and every one is used', async () => {
  const { url } = await start({}, { metrics: async () => '' })
  const text = JSON.stringify(await documentOf(url))
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema({ $id: 'api', components: { schemas } })
  for (const name of Object.keys(schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name).not.toThrow()
    expect(text).toContain(`"#/components/schemas/${name}"`)
  }
})

test('what Kafka Connect answered is as the document says', async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addSchema({ $id: 'api', components: { schemas } })
  const folder = fileURLToPath(new URL('../../golden/rest/scenarios/', import.meta.url))
  const checked = new Set<string>()
  for (const file of await readdir(folder)) {
    const text = (await readFile(join(folder, file), 'utf8')).replaceAll('"<timestamp>"', '0')
    for (const { request, response } of (JSON.parse(text) as Scenario).steps) {
      if (request === undefined || response === undefined || response.headers['content-type'] !== 'application/json')
        continue
      const route = Object.keys(operations).find(one => {
        const [method, url] = one.split(' ') as [string, string]
        return method === request.method && new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}/?$`).test(request.path)
      })
      // Of a refusal before a route was found, and of Kafka Connect's basic authentication, whose JSON is a text.
      if (route === undefined || response.status === 401) continue
      const { status, answer, others } = operations[route]!
      const schema = response.status === status ? answer : (others?.[response.status] ?? 'Error')
      const validate = ajv.getSchema(`api#/components/schemas/${schema}`)!
      expect({ file, route, valid: validate(response.body), errors: validate.errors }).toMatchObject({ valid: true })
      checked.add(`${route} ${response.status}`)
    }
  }
  expect(checked.size).toBeGreaterThan(30)
})
