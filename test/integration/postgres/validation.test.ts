import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConfigProblem } from '../../../runtime/api/define.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture } from '../../support/postgres-capture.ts'
import { postgresProblems } from '../../support/postgres-problems.ts'

let server: TestPostgres
let props: Record<string, string>
const db = 'validated'
const secret = 'pass"word\\1'
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '3' })
  props = await server.database(
    db,
    'create table t (id int primary key)',
    'create table mine (id int primary key)',
    `create role reader login replication password E'${secret.replace('\\', '\\\\')}'`,
    `create role plain login password 'plain'`,
    'grant select on t to reader',
    'alter table mine owner to reader',
  )
})
afterAll(() => server?.stop())

const problemsOf = async (changes: Readonly<Record<string, string>>): Promise<readonly ConfigProblem[]> => {
  const found = await postgresProblems({ ...props, ...changes })
  for (const { message } of found) {
    for (const hidden of [server.password, secret]) expect(message).not.toContain(hidden)
  }
  return found
}
const reader = { 'database.user': 'reader', 'database.password': secret }

test('a server that is as it must be', async () => {
  expect(await problemsOf({})).toEqual([])
  expect(
    await problemsOf({ ...reader, 'table.include.list': 'public.mine', 'publication.autocreate.mode': 'no_tables' }),
  ).toEqual([
    {
      key: 'publication.autocreate.mode',
      message: expect.stringMatching(
        /^User reader may not create a publication: GRANT CREATE ON DATABASE "validated" TO "reader"$/,
      ),
    },
  ])
})

test.each<[string, Record<string, string>, string, RegExp]>([
  ['nobody listens', { 'database.port': '1' }, 'database.hostname', /Connection to 127.0.0.1:1 refused. Check that/],
  ['no such host', { 'database.hostname': 'no.such.host.invalid' }, 'database.hostname', /ENOTFOUND|EAI_AGAIN/],
  [
    'a wrong password',
    { 'database.password': 'wrong' },
    'database.hostname',
    /password authentication failed for user "millrace"; check database.user and database.password/,
  ],
  ['no such database', { 'database.dbname': 'nope' }, 'database.hostname', /FATAL: database "nope" does not exist/],
  [
    'no REPLICATION',
    { 'database.user': 'plain', 'database.password': 'plain' },
    'database.user',
    /ALTER ROLE "plain" REPLICATION/,
  ],
  [
    'a table that may not be read',
    { ...reader, 'table.include.list': 'public.t,public.u' },
    'publication.autocreate.mode',
    /Only a superuser/,
  ],
  [
    'tables of another owner',
    { ...reader, 'publication.autocreate.mode': 'filtered', 'table.include.list': 'public.t' },
    'publication.autocreate.mode',
    /Only the owner may publish public\.t: make reader a member.*GRANT OWNER TO "reader".*CREATE PUBLICATION "dbz_publication" FOR TABLE public\.t/,
  ],
  [
    'a publication that must exist',
    { 'publication.autocreate.mode': 'disabled', 'publication.name': 'absent' },
    'publication.name',
    /The publication absent does not exist: create it/,
  ],
  [
    'TLS that is not offered',
    { 'database.sslmode': 'require' },
    'database.hostname',
    /does not offer TLS.*sslmode=require/,
  ],
  ['a plugin that is not there', { 'plugin.name': 'decoderbufs' }, 'plugin.name', /use pgoutput/],
  [
    'masks that would not be applied',
    { 'column.mask.with.some.chars': 'public.t.id' },
    'column.mask.with.some.chars',
    /it is none of/,
  ],
])('%s', async (_, changes, key, message) => {
  const problems = await problemsOf(changes)
  expect(
    problems.find(problem => problem.key === key && message.test(problem.message)),
    JSON.stringify(problems),
  ).toBeDefined()
})

test('tables that may not be read', async () => {
  await server.run(db, 'create table closed (id int)', 'create publication everything for all tables')
  const problems = await problemsOf({ ...reader, 'publication.name': 'everything' })
  expect(problems).toEqual([
    {
      key: 'database.user',
      message: expect.stringMatching(
        /^User reader may not read public\.closed: GRANT USAGE ON SCHEMA "public" TO "reader"; GRANT SELECT ON public\.closed TO "reader", or/,
      ),
    },
  ])
})

test('slots: of another plugin, of another database, none left', async () => {
  await server.run(db, "select pg_create_logical_replication_slot('other_plugin', 'test_decoding')")
  await server.run('postgres', "select pg_create_logical_replication_slot('other_database', 'pgoutput')")
  expect(await problemsOf({ 'slot.name': 'other_plugin' })).toEqual([
    { key: 'slot.name', message: expect.stringMatching(/belongs to the plugin test_decoding/) },
  ])
  expect(await problemsOf({ 'slot.name': 'other_database' })).toEqual([
    { key: 'slot.name', message: expect.stringMatching(/belongs to the database postgres/) },
  ])
  await server.run(db, "select pg_create_logical_replication_slot('third', 'pgoutput')")
  expect(await problemsOf({})).toEqual([
    {
      key: 'slot.name',
      message: expect.stringMatching(/all 3 replication slots are in use: raise max_replication_slots/),
    },
  ])
  const capture = await new Capture().start(props)
  await expect(capture.until(() => false, 'its failure')).rejects.toThrow(/max_replication_slots/)
  await capture.stop()
  const strange = await new Capture().start({ ...props, 'slot.name': 'other_plugin' })
  await expect(strange.until(() => false, 'its failure')).rejects.toThrow(/test_decoding/)
  await strange.stop()
  await server.run(
    'postgres',
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name in ('other_plugin', 'other_database', 'third')",
  )
})

test('a task says what a validation would have said', async () => {
  for (const [changes, message] of [
    [{ 'database.password': 'wrong' }, /password authentication failed.*check database\.user/],
    [{ 'publication.name': 'absent', 'publication.autocreate.mode': 'disabled' }, /absent does not exist/],
    [
      { ...reader, 'table.include.list': 'public.closed', 'publication.name': 'everything' },
      /permission denied for table closed.*grant/,
    ],
  ] as const) {
    const capture = await new Capture().start({ ...props, ...changes })
    await expect(capture.until(() => false, 'its failure')).rejects.toThrow(message)
    await capture.stop()
    await server.run(db, 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active')
  }
})

test('wal_level that is not logical', async () => {
  const low = await TestPostgres.start({ wal_level: 'replica' })
  try {
    const own = await low.database('low', 'create table t (id int primary key)')
    const problems = await problemsOf(own)
    expect(problems).toEqual([
      { key: 'database.hostname', message: expect.stringMatching(/wal_level=replica: set wal_level=logical/) },
    ])
    const capture = await new Capture().start(own)
    await expect(capture.until(() => false, 'its failure')).rejects.toThrow(/wal_level=replica: set wal_level=logical/)
    await capture.stop()
  } finally {
    await low.stop()
  }
})

test('the table of signals', async () => {
  await server.run(
    db,
    'create table two (id text primary key, type text)',
    'create table signals (id text primary key, type text, data text)',
    'create publication "some" for table t',
  )
  const some = { 'publication.name': 'some', 'publication.autocreate.mode': 'disabled' }
  expect(await problemsOf({ 'signal.data.collection': 'public.two' })).toEqual([
    { key: 'signal.data.collection', message: expect.stringMatching(/^public.two has 2 columns .*: CREATE TABLE/) },
  ])
  expect(await problemsOf({ ...some, 'signal.data.collection': 'public.signals' })).toEqual([
    {
      key: 'signal.data.collection',
      message: expect.stringContaining('ALTER PUBLICATION "some" ADD TABLE "public"."signals"'),
    },
  ])
  expect(await problemsOf({ 'signal.data.collection': 'public.signals' })).toEqual([])
  // It may be made later: a warning of the task says how.
  expect(await problemsOf({ 'signal.data.collection': 'public.later' })).toEqual([])
  await server.run(db, 'drop table two, signals', 'drop publication "some"')
})
