import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture } from '../../support/postgres-capture.ts'

let server: TestPostgres
let count = 0
const running: Capture[] = []
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '40', max_wal_senders: '40' })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
})
afterAll(() => server?.stop())

type Props = Record<string, string>
type Row = Readonly<Record<string, unknown>>
interface Envelope {
  readonly before: Row | null
  readonly after: Row | null
  readonly op: string
}

const database = async (props: Props, ...statements: readonly string[]): Promise<Props> => ({
  ...(await server.database(
    `windows_${++count}`,
    'create table signals (id text primary key, type text not null, data text)',
    `create function wait() returns trigger language plpgsql as $$ begin
       perform pg_advisory_xact_lock_shared(1); return new;
     end $$`,
    "create trigger wait before insert on signals for each row when (new.type = 'snapshot-window-close') execute function wait()",
    ...statements,
  )),
  'snapshot.mode': 'no_data',
  'signal.data.collection': 'public.signals',
  'incremental.snapshot.chunk.size': '10',
  ...props,
})
const sql = (props: Props, ...statements: readonly string[]) => server.run(props['database.dbname']!, ...statements)
/** Whether the connector waits for a lock of this kind. */
const waiting = async (props: Props, event: string): Promise<boolean> => {
  const client = await server.client(props['database.dbname'])
  const { rowCount } = await client.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'Millrace' and wait_event = '${event}'`,
  )
  await client.end()
  return rowCount === 1
}
/** How many chunks were read. */
const windows = async (props: Props): Promise<number> => {
  const client = await server.client(props['database.dbname'])
  const { rowCount } = await client.query("select from signals where type = 'snapshot-window-close'")
  await client.end()
  return rowCount ?? 0
}
const execute = (props: Props, more: object = {}) =>
  sql(
    props,
    `insert into signals values ('s${++count}', 'execute-snapshot', '${JSON.stringify({ type: 'INCREMENTAL', 'data-collections': ['public.t'], ...more })}')`,
  )
const streaming = async (props: Props, capture: Capture): Promise<Capture> => {
  running.push(capture)
  await capture.start(props)
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  return capture
}
const complete = (capture: Capture) =>
  capture.until(() => capture.logs.some(line => line.includes('incremental snapshot is complete')), 'the end', 20_000)
const changes = (capture: Capture): readonly Envelope[] =>
  capture.records.flatMap(({ topic, value }) => {
    const envelope = topic.endsWith('.public.t') ? (resolveLazy(value) as Envelope | null) : null
    return envelope === null ? [] : [envelope]
  })
const rowsRead = (capture: Capture): readonly Row[] =>
  changes(capture).flatMap(({ op, after }) => (op === 'r' ? [after!] : []))
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

/** Runs the statements while the first chunk is read already and its close row is not written yet. */
const withWindow = async (props: Props, request: object, meanwhile: readonly string[]): Promise<Capture> => {
  const capture = await streaming(props, new Capture())
  const client = await server.client(props['database.dbname'])
  await client.query('select pg_advisory_lock(1)')
  await execute(props, request)
  await capture.until(() => waiting(props, 'advisory'), 'the first chunk')
  await sql(props, ...meanwhile)
  await client.end()
  await complete(capture)
  return capture
}

test('a table that is written anew while its chunk waits for it is read to its end', async () => {
  const props = await database(
    {},
    'create table t (id int primary key, v text)',
    "insert into t select g, 'v' from generate_series(1, 25) g",
  )
  const capture = await streaming(props, new Capture())
  const client = await server.client(props['database.dbname'])
  await client.query('begin; lock table t in access exclusive mode')
  await execute(props)
  await capture.until(() => waiting(props, 'relation'), 'the reader waits')
  // To those who see the database as of before, the table is empty then.
  await client.query('alter table t alter id type bigint, drop column v; commit')
  await client.end()
  await complete(capture)
  expect(rowsRead(capture).map(({ id }) => id)).toEqual(upTo(25))
})

const surrogate = { 'surrogate-key': 's' }
const numbered = [
  'create table t (id int primary key, s int not null, v text)',
  "insert into t select g, g, 'old' from generate_series(1, 10) g",
]

test('a surrogate key that changes in the window: the older row is left out', async () => {
  const props = await database({}, ...numbered)
  const capture = await withWindow(props, surrogate, ["update t set s = 100, v = 'new' where id = 3"])
  expect(changes(capture).flatMap(({ after }) => (after?.['id'] === 3 ? [after['v']] : []))).toEqual(['new'])
  expect(rowsRead(capture).length).toBe(9)
})

test('a delete by primary key in the window leaves out that row alone, whatever orders the chunks', async () => {
  const props = await database({}, ...numbered)
  const capture = await withWindow(props, surrogate, ['delete from t where id = 3'])
  expect(rowsRead(capture).map(({ id }) => id)).toEqual(upTo(10).filter(id => id !== 3))
  // One chunk, and what is behind it: nothing was read again.
  expect(await windows(props)).toBe(2)
})

test('a replica identity that is not the key: an update that may have changed the key has the chunk read again', async () => {
  const props = await database(
    {},
    'create table t (id int not null, a int unique, v text)',
    'create unique index z on t (id)',
    'alter table t replica identity using index z',
    "insert into t select g, g, 'old' from generate_series(1, 10) g",
  )
  const capture = await withWindow(props, {}, ["update t set a = 100, v = 'new' where id = 3"])
  const states = changes(capture).flatMap(({ after }) => (after?.['id'] === 3 ? [after['v']] : []))
  expect(states.at(-1)).toBe('new')
  expect(states).not.toContain('old')
})

test('a row that the stream tells of in the window without its large value is read again', async () => {
  const props = await database(
    {},
    'create table t (id int primary key, v text, large text)',
    'alter table t alter large set storage external',
    "insert into t select g, 'old', repeat('z', 3000) from generate_series(1, 10) g",
  )
  const capture = await withWindow(props, {}, ["update t set v = 'new' where id = 3"])
  const states = changes(capture).filter(({ after }) => after?.['id'] === 3)
  expect(states.map(({ op, after }) => [op, after!['v'], String(after!['large']).length > 1000])).toEqual([
    ['u', 'new', false],
    ['r', 'new', true],
  ])
  expect(rowsRead(capture).length).toBe(10)
})

test('a column that is added in the window is in the rows of the chunk', async () => {
  const props = await database(
    {},
    'create table t (id int primary key, v text)',
    "insert into t select g, 'v' from generate_series(1, 10) g",
  )
  const capture = await withWindow(props, {}, [
    'alter table t add extra int default 5',
    "update t set v = 'new' where id = 3",
  ])
  const read = rowsRead(capture)
  expect(new Set(read.map(({ extra }) => extra))).toEqual(new Set([5]))
  expect(read.length).toBeGreaterThanOrEqual(9)
})

test('rows that share their key with one that changes in the window are not left out', async () => {
  const props = await database(
    {},
    'create table t (id int, s int, v text)',
    'alter table t replica identity full',
    "insert into t select g, g / 5, 'old' from generate_series(1, 9) g",
  )
  const capture = await withWindow(props, surrogate, ["update t set v = 'new' where id = 3"])
  const read = rowsRead(capture)
  expect(new Set(read.map(({ id }) => id))).toEqual(new Set(upTo(9)))
  expect(read.find(({ id }) => id === 3)).toMatchObject({ v: 'new' })
})

test('rows without a value in a unique column are not left out when another of them changes', async () => {
  const props = await database(
    {},
    'create table t (id int, s int unique, v text)',
    'alter table t replica identity full',
    "insert into t select g, case when g <= 5 then g end, 'old' from generate_series(1, 9) g",
  )
  const capture = await withWindow(props, {}, ["insert into t values (10, null, 'new')"])
  expect(rowsRead(capture).map(({ id }) => id)).toEqual(expect.arrayContaining(upTo(9)))
})

test('statements of the user do not change how keys are written', async () => {
  const props = await database(
    { 'database.initial.statements': "set timezone = 'Asia/Tokyo'; set extra_float_digits = -5" },
    'create table t (at timestamptz, f float8, v text, primary key (at, f))',
    "insert into t values ('2024-01-01 00:00:00Z', 0.1234567890123456, 'old'), ('2024-01-02 00:00:00Z', 1, 'old')",
  )
  const capture = await withWindow(props, {}, ["update t set v = 'new' where f < 1"])
  expect(changes(capture).map(({ op, after }) => [op, after!['v']])).toEqual([
    ['u', 'new'],
    ['r', 'old'],
  ])
})
