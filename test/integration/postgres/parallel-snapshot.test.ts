import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, StoredOffsets } from '../../support/postgres-capture.ts'

let server: TestPostgres
let count = 0
const running: Capture[] = []
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '20', max_wal_senders: '20' })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
})
afterAll(() => server?.stop())

type Props = Record<string, string>
interface Envelope {
  readonly op: string
  readonly before: { readonly id: number } | null
  readonly after: { readonly id: number; readonly v: number } | null
  readonly source: { readonly table: string; readonly snapshot: string }
}

/** One row to a block: ten chunks of 16 MB. */
const rows = 20_000
const big = 'create table big (id int primary key, v int not null default 0, filler text) with (fillfactor = 10)'
const filled = `insert into big select g, 0, repeat('x', 600) from generate_series(1, ${rows}) g`
const small = (name: string) => [
  `create table ${name} (id int primary key, v int not null default 0)`,
  `insert into ${name} select g, 0 from generate_series(1, 100) g`,
]

const database = async (threads: number, ...statements: readonly string[]): Promise<Props> => ({
  ...(await server.database(`parallel_${++count}`, ...statements)),
  'max.batch.size': '500',
  'snapshot.max.threads': String(threads),
})
const sql = (props: Props, ...statements: readonly string[]) => server.run(props['database.dbname']!, ...statements)

/** `most`: it stands still once, after so many records. */
const start = async (
  props: Props,
  { offsets = new StoredOffsets(), most = Number.POSITIVE_INFINITY, taken = (_: number): void => {} } = {},
): Promise<Capture> => {
  let seen = 0
  let wasHeld = false
  const capture: Capture = new Capture({
    offsets,
    taken: batch => {
      seen += batch.length
      if (seen >= most && !wasHeld) {
        wasHeld = true
        capture.held = true
      }
      taken(seen)
    },
  })
  running.push(capture)
  return capture.start(props)
}

const envelopes = (captures: readonly Capture[]): readonly Envelope[] =>
  captures.flatMap(({ records }) =>
    records.map(record => resolveLazy(record.value) as Envelope | null).filter(value => value !== null),
  )
const readOf = (captures: readonly Capture[], table: string): readonly number[] =>
  envelopes(captures)
    .filter(({ op, source }) => op === 'r' && source.table === table)
    .map(({ after }) => after!.id)
const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1)
const ascending = (ids: readonly number[]): readonly number[] => ids.toSorted((a, b) => a - b)
const isComplete = (capture: Capture) => () => capture.logs.some(line => line.includes('snapshot is complete'))

const stateOf = (captures: readonly Capture[], table: string): ReadonlyMap<number, number> => {
  const state = new Map<number, number>()
  for (const { op, before, after, source } of envelopes(captures)) {
    if (source.table !== table) continue
    if (op === 'd') state.delete(before!.id)
    else state.set(after!.id, after!.v)
  }
  return state
}
const tableState = async (props: Props, table: string): Promise<ReadonlyMap<number, number>> => {
  const client = await server.client(props['database.dbname']!)
  const found = await client.query(`select id, v from ${table}`)
  await client.end()
  return new Map(found.rows.map(({ id, v }) => [id, v]))
}
const same = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean =>
  a.size === b.size && [...a].every(([id, v]) => b.get(id) === v)

test('four connections give each row once, as of one instant, whatever is written meanwhile', {
  timeout: 120_000,
}, async () => {
  const props = await database(4, big, filled, ...small('a'), ...small('z'), 'create table none (id int primary key)')
  let writes: Promise<unknown> = Promise.resolve()
  let began = false
  const capture = await start(props, {
    taken: () => {
      if (began) return
      began = true
      writes = sql(
        props,
        'update big set v = v + 1 where id % 7 = 0',
        'delete from big where id % 11 = 0',
        `insert into big select g, 1 from generate_series(${rows + 1}, ${rows + 500}) g`,
        'delete from z',
      )
    },
  })
  await capture.until(isComplete(capture), 'the snapshot', 60_000)
  await writes
  expect(ascending(readOf([capture], 'big'))).toEqual(upTo(rows))
  for (const table of ['a', 'z']) expect(ascending(readOf([capture], table))).toEqual(upTo(100))
  expect(capture.logs.join('\n')).toContain('"connections":4')
  // Within a stretch the order is that of the file.
  const ids = readOf([capture], 'big')
  expect(ids).not.toEqual(ascending(ids))
  for (let chunk = 0; chunk * 2048 < rows; chunk++) {
    const within = ids.filter(id => Math.floor((id - 1) / 2048) === chunk)
    expect(within).toEqual(ascending(within))
  }
  const markers = envelopes([capture])
    .filter(({ op }) => op === 'r')
    .map(({ source }) => source)
  expect(markers[0]!.snapshot).toBe('first')
  expect(markers.at(-1)!.snapshot).toBe('last')
  const marked = (marker: string) => markers.filter(({ snapshot }) => snapshot === marker).map(({ table }) => table)
  expect([...marked('first'), ...marked('first_in_data_collection')].toSorted()).toEqual(['a', 'big', 'z'])
  expect([...marked('last'), ...marked('last_in_data_collection')].toSorted()).toEqual(['a', 'big', 'z'])
  await capture.until(async () => same(stateOf([capture], 'big'), await tableState(props, 'big')), 'the state', 60_000)
})

test('killed with stretches open, it reads what was not handed over, and that once', { timeout: 120_000 }, async () => {
  const props = await database(4, big, filled, ...small('z'))
  const offsets = new StoredOffsets()
  const first = await start(props, { offsets, most: 9500 })
  await first.until(() => first.held, 'half of the rows', 60_000)
  await first.stop()
  const { begun } = JSON.parse(String(offsets.stored!['snapshot_progress']))
  expect(begun[0].ranges.length).toBeGreaterThan(2)
  await sql(props, 'update big set v = v + 1 where id % 7 = 0', 'delete from big where id % 11 = 0')
  const second = await start(props, { offsets })
  const all = [first, second]
  for (const table of ['big', 'z'])
    await second.until(async () => same(stateOf(all, table), await tableState(props, table)), table, 60_000)
  await second.until(isComplete(second), 'the end', 60_000)
  // Rows that nobody wrote to come once.
  const untouched = readOf(all, 'big').filter(id => id % 7 !== 0 && id % 11 !== 0)
  expect(ascending(untouched)).toEqual(upTo(rows).filter(id => id % 7 !== 0 && id % 11 !== 0))
})

test('one connection that is lost ends the others, and it goes on', { timeout: 120_000 }, async () => {
  const props: Props = { ...(await database(3, big, filled)), 'retriable.restart.connector.wait.ms': '10' }
  const capture = await start(props, { most: 4000 })
  await capture.until(() => capture.held, 'some rows', 60_000)
  const client = await server.client(props['database.dbname']!)
  const { rows: ended } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'copy (select%' limit 1`,
  )
  await client.end()
  expect(ended).toHaveLength(1)
  capture.held = false
  await capture.until(() => new Set(readOf([capture], 'big')).size === rows, 'all rows', 60_000)
  expect(capture.failure).toBeUndefined()
  expect(capture.retried).toHaveLength(1)
})
