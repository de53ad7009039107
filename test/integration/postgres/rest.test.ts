import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startPostgres } from '../../../runtime/testing/postgres-server.ts'
import { eventually, World } from '../../support/pipeline-world.ts'

let world: World
beforeEach(async () => {
  world = await World.create()
})
afterEach(() => world.close())

interface Captured {
  readonly kind: string
  readonly name: string
  readonly value: { readonly status: number; readonly body: unknown }
}
interface Scenario {
  readonly before: readonly string[]
  readonly config: Readonly<Record<string, string>>
  readonly captured: readonly Captured[]
}

/** The scenario of Debezium, with what differs between any two workers put in. */
const scenario = (replace: Readonly<Record<string, string>>): Scenario => {
  const file = new URL('../../golden/debezium/scenarios/rest_create.json', import.meta.url)
  const filled = Object.entries(replace).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    readFileSync(file, 'utf8'),
  )
  return JSON.parse(filled) as Scenario
}

test('what REST shows of a connector is what Debezium shows: config, tasks, topics', async () => {
  const postgres = await startPostgres({ database: 'dbz_rest_create' })
  world.after(() => postgres.stop())
  const { before, config, captured } = scenario({ '<connector>': 'shop' })
  const own = {
    'database.hostname': postgres.host,
    'database.port': String(postgres.port),
    'database.user': postgres.user,
    'database.password': postgres.password,
  }
  const client = new Client({ ...postgres })
  client.on('error', () => {})
  await client.connect()
  world.after(() => client.end().catch(() => {}))
  for (const statement of before) await client.query(statement)
  const worker = await world.worker()
  await worker.submit('shop', { ...config, ...own })
  const state = async () => (await worker.parts()).find(({ name }) => name === 'shop-0')?.state
  await eventually('the task to run', state, seen => seen === 'RUNNING')
  await client.query("insert into item values (1, 'one', 10)")
  const topics = () => worker.request<Record<string, { topics: string[] }>>('GET', '/connectors/shop/topics')
  await eventually('the record', topics, seen => seen['shop']!.topics.length > 0)

  const version = (
    await worker.request<{ connector: { version: string; worker_id: string } }>('GET', '/connectors/shop/status')
  ).connector
  const same = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value).replaceAll('3.6.1.Final', version.version).replaceAll('<worker>', version.worker_id),
      (_, member) => (member?.['database.user'] === undefined ? member : { ...member, ...own }),
    )
  const paths: Readonly<Record<string, string>> = {
    connector: '',
    status: '/status',
    tasks: '/tasks',
    topics: '/topics',
  }
  for (const { name, value } of captured)
    expect(await worker.request('GET', `/connectors/shop${paths[name]}`), name).toEqual(same(value.body))
})
