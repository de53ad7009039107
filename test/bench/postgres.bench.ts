import { pathToFileURL } from 'node:url'
import type pg from 'pg'
import source from '../../connectors/postgres/source.ts'
import { ByteWriter } from '../../runtime/api/byte-writer.ts'
import type { OffsetMap, SourceRecord } from '../../runtime/api/record.ts'
import { parseConfig } from '../../runtime/config/parse.ts'
import jsonConverter from '../../runtime/converters/json-converter.ts'
import { TestPostgres } from '../support/postgres.ts'

/** What a run cost. */
export interface Cost {
  readonly records: number
  readonly jsonBytes: number
  /** User and system time of this process. */
  readonly cpuSeconds: number
  readonly seconds: number
}

/** A table of ten columns of everyday types. */
export const createTable = async (client: pg.Client, name: string): Promise<void> => {
  await client.query(
    `create table ${name} (id bigserial primary key, customer_id int not null, qty int, price numeric(10,2), note text, paid boolean, created timestamptz, doc jsonb, uid uuid, status int)`,
  )
}

/** Adds rows from `first` on, in transactions of `perTransaction`. */
export const insertRows = async (
  client: pg.Client,
  name: string,
  first: number,
  count: number,
  perTransaction = count,
): Promise<void> => {
  for (let from = first; from < first + count; from += perTransaction) {
    await client.query(
      `insert into ${name} select g, g % 1000, g % 17, (g % 100000) / 100.0, 'note "' || g || '" with some words in it', g % 2 = 0,
         timestamptz '2026-01-01' + g * interval '1 second', jsonb_build_object('a', g, 'b', 'text ' || g), md5(g::text)::uuid, g % 5
       from generate_series(${from}::bigint, ${Math.min(from + perTransaction, first + count) - 1}) g`,
    )
  }
}

/**
 * Reads `expected` records with the connector and writes key and value of each as JSON without schemas, as a worker does.
 * `skip` records come first and are not counted in the time. Offsets are stored after every batch.
 */
export const readToJson = async (
  props: Readonly<Record<string, string>>,
  expected: number,
  skip = 0,
  onReady: () => void = () => {},
): Promise<Cost> => {
  const { config, problems } = parseConfig(source.config, props)
  if (problems.length > 0) throw new Error(problems[0]!.message)
  const { config: plain } = parseConfig(jsonConverter.config, { 'schemas.enable': 'false' })
  const converter = jsonConverter.create(plain as never, 'value')
  const abort = new AbortController()
  const quiet = () => {}
  const task = await source.open(
    config as never,
    {
      connector: 'bench',
      log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
      originals: props,
      task: 0,
      signal: abort.signal,
      progress() {},
      offsets: async (partitions: readonly OffsetMap[]) => partitions.map(() => undefined),
    },
    {},
  )
  const out = new ByteWriter(1024 * 1024)
  let records = 0
  let jsonBytes = 0
  let started = performance.now()
  let cpu = process.cpuUsage()
  const write = (record: SourceRecord) => {
    out.pos = 0
    converter.encodeInto!(out, record.topic, record.keySchema ?? null, record.key)
    converter.encodeInto!(out, record.topic, record.valueSchema ?? null, record.value)
    jsonBytes += out.pos
  }
  if (skip === 0) onReady()
  for await (const batch of task.read()) {
    for (let index = 0; index < batch.length; index++) write(batch[index]!)
    records += batch.length
    const last = batch.at(-1)
    if (last !== undefined) await task.committed?.([{ partition: last.sourcePartition, offset: last.sourceOffset }])
    if (skip > 0 && records >= skip) {
      records -= skip
      skip = 0
      jsonBytes = 0
      onReady()
      started = performance.now()
      cpu = process.cpuUsage()
    }
    if (skip === 0 && records >= expected) break
  }
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - started) / 1000
  abort.abort()
  await task.close?.()
  return { records, jsonBytes, cpuSeconds: (user + system) / 1e6, seconds }
}

export const show = (name: string, cost: Cost): string => {
  const million = cost.records / 1e6
  return `${name}: ${(cost.cpuSeconds / million).toFixed(2)} CPU s/M, ${Math.round(cost.records / cost.seconds)} records/s, ${Math.round(cost.jsonBytes / cost.records)} B/record, RSS ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB`
}

const main = async (): Promise<void> => {
  const rows = Number(process.argv[2] ?? 500_000)
  const rounds = Number(process.argv[3] ?? 3)
  const server = await TestPostgres.start()
  try {
    const props = await server.database('bench')
    const client = await server.client('bench')
    await createTable(client, 'orders')
    await insertRows(client, 'orders', 1, rows)
    await client.query('vacuum analyze orders')
    for (let round = 0; round < rounds; round++) {
      console.log(show('snapshot', await readToJson({ ...props, 'snapshot.mode': 'initial_only' }, rows)))
    }
    for (let round = 0; round < rounds; round++) {
      await client.query('truncate orders')
      await insertRows(client, 'orders', 1, 1)
      const slot = { ...props, 'slot.name': `bench_${round}`, 'slot.drop.on.stop': 'true' }
      let writing: Promise<void> | undefined
      const cost = await readToJson(slot, rows, 1, () => {
        writing = insertRows(client, 'orders', 2, rows, 1000)
      })
      await writing
      console.log(show('stream', cost))
    }
    await client.end()
  } finally {
    await server.stop()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
