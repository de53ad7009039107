import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseProperties } from '../../../runtime/config/properties.ts'
import { unknownKeys, workerConfig } from '../../../runtime/config/worker-config.ts'
import type { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { World } from '../../support/pipeline-world.ts'

const folder = new URL('../../../config-examples/', import.meta.url)
const names = readdirSync(folder)
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

let world: World
let worker: WorkerProcess
beforeAll(async () => {
  world = await World.create()
  worker = await world.worker(
    {
      'config.providers': 'env',
      'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    },
    { env: { POSTGRES_PASSWORD: 'secret-of-the-test' } },
  )
})
afterAll(() => world.close())

interface Infos {
  readonly configs: readonly {
    readonly definition: { readonly name: string }
    readonly value: { readonly name: string; readonly value: string | null; readonly errors: readonly string[] }
  }[]
}

// What cannot be reached here may be said of these; anything else is a fault of the example.
const outside = new Set(['database.hostname', 'database.port', 'store.url', 's3.bucket.name', 's3.region'])

describe.each(names.filter(name => name.endsWith('.json')))('%s', name => {
  const json = JSON.parse(textOf(name)) as Record<string, unknown>
  const config = (typeof json['config'] === 'object' ? json['config'] : json) as Record<string, string>

  test('is valid but for what it cannot reach here, with every key known', async () => {
    const infos = await worker.request<Infos>(
      'PUT',
      `/connector-plugins/${config['connector.class']}/config/validate`,
      { name, ...config },
    )
    const problems = infos.configs.flatMap(({ value }) =>
      value.errors.length > 0 && !outside.has(value.name) ? [`${value.name}: ${value.errors.join()}`] : [],
    )
    expect(problems).toEqual([])
    const known = new Set(infos.configs.map(({ definition }) => definition.name))
    expect(Object.keys(config).filter(key => !known.has(key))).toEqual([])
    expect(JSON.stringify(infos)).not.toContain('secret-of-the-test')
  })
})

test.each(names.filter(name => name.endsWith('.properties')))('%s makes a worker, with every key known', name => {
  const props = parseProperties(textOf(name))
  expect(unknownKeys(props)).toEqual([])
  const { cluster, offsetStorageFileFilename } = workerConfig(props)
  expect(cluster ?? offsetStorageFileFilename).toBeDefined()
  // What the examples of connectors take from outside, the examples of workers can give.
  const providers = names.flatMap(other =>
    Array.from(textOf(other).matchAll(/"\$\{(\w+):/g), ([, provider]) => provider!),
  )
  expect(providers).not.toEqual([])
  expect(props['config.providers']?.split(',')).toEqual(expect.arrayContaining(providers))
})
