import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentProperties, unknownKeys, workerConfig } from '../../runtime/config/worker-config.ts'

// docker-compose.yml and the Dockerfile cannot run everywhere the tests do: they are read instead.

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: string
  readonly environment?: Readonly<Record<string, string | number>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: string }
  readonly volumes?: readonly string[]
}
const text = textOf('docker-compose.yml')
const compose = parse(text) as { services: Record<string, Service>; volumes: Record<string, unknown> }
const { services } = compose
const exampleOf = (name: string) => JSON.parse(textOf(`config-examples/${name}`)) as Record<string, string>

test('has Kafka, PostgreSQL, an S3 server and a worker that waits for them', () => {
  expect(Object.keys(services).toSorted()).toEqual(['kafka', 'postgres', 's3', 'worker'])
  for (const [name, service] of Object.entries(services)) {
    expect(service.build ?? service.image, name).toMatch(/^\.$|:v?\d/)
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
  }
  for (const [name, { condition }] of Object.entries(services['worker']!.depends_on!)) {
    expect(services[name], name).toBeDefined()
    if (condition === 'service_healthy') expect(services[name]!.healthcheck?.test, name).toBeTruthy()
  }
})

test("the worker's variables are properties of a worker, and make one", () => {
  const environment = Object.fromEntries(
    Object.entries(services['worker']!.environment!).map(([name, value]) => [name, String(value)]),
  )
  const props = environmentProperties(environment)
  expect(Object.keys(props)).toHaveLength(Object.keys(environment).length)
  expect(unknownKeys(props)).toEqual([])
  const [host, port] = workerConfig(props).bootstrapServers[0]!.split(':')
  const kafka = services[host!]!.environment!
  expect(String(kafka['KAFKA_LISTENERS'])).toContain(`:${port}`)
  expect(String(kafka['KAFKA_ADVERTISED_LISTENERS'])).toContain(`${host}:${port}`)
})

test('its connectors meet the services as they are configured', () => {
  const named = [...text.matchAll(/@(config-examples\/\S+\.json)/g)].map(([, file]) => file!)
  expect(named).toHaveLength(2)
  for (const file of named) expect(existsSync(join(root, file)), file).toBe(true)
  const source = exampleOf('postgres-compose.json')
  const database = services[source['database.hostname']!]!.environment!
  expect(source['database.user']).toBe(database['POSTGRES_USER'])
  expect(source['database.password']).toBe(database['POSTGRES_PASSWORD'])
  expect(source['database.dbname']).toBe(database['POSTGRES_DB'])
  const sink = exampleOf('s3-compose.json')
  const store = new URL(sink['store.url']!)
  const server = services[store.hostname]!
  expect(server.environment!['VGW_PORT']).toBe(`:${store.port}`)
  expect(sink['aws.access.key.id']).toBe(server.environment!['ROOT_ACCESS_KEY'])
  expect(sink['aws.secret.access.key']).toBe(server.environment!['ROOT_SECRET_KEY'])
  expect(server.volumes!.some(volume => volume.endsWith(`/${sink['s3.bucket.name']}`))).toBe(true)
  expect(sink['topics']).toBe(`${source['topic.prefix']}.${source['table.include.list']}`)
})

test('the Dockerfile copies what is there', () => {
  const copied = [...textOf('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) =>
    files!.split(' '),
  )
  for (const file of copied) if (file !== '.') expect(existsSync(join(root, file)), file).toBe(true)
})

test('the image has the client of the S3 sink, which the package leaves to its user', () => {
  const peers = /const optionalPeers = \[(.+)\]/.exec(textOf('scripts/build.mjs'))![1]!
  expect(peers).toContain("'@aws-sdk/client-s3'")
  expect(textOf('Dockerfile')).toMatch(/npm install .*"@aws-sdk\/client-s3@/)
})
