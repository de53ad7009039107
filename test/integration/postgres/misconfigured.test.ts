import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FakePostgres } from '../../support/fake-postgres.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture } from '../../support/postgres-capture.ts'
import { type PoolerManner, PostgresPooler } from '../../support/postgres-pooler.ts'
import { postgresProblems as problemsOf } from '../../support/postgres-problems.ts'

let server: TestPostgres
let props: Record<string, string>
const db = 'wrong'
beforeAll(async () => {
  server = await TestPostgres.start({ max_wal_senders: '1', max_slot_wal_keep_size: '1MB', max_wal_size: '32MB' })
  props = await server.database(
    db,
    'create table t (id int primary key)',
    'create table bare (id int)',
    "create role other login replication password 'other'",
    'grant create on database wrong to other',
    'grant select on t, bare to other',
  )
})
afterAll(() => server?.stop())
const other = { 'database.user': 'other', 'database.password': 'other' }

const found = (key: string, message: RegExp) => [{ key, message: expect.stringMatching(message) }]

const setting = async (name: string): Promise<string> => {
  const client = await server.client(db)
  try {
    return (await client.query(`show ${name}`)).rows[0][name]
  } finally {
    await client.end()
  }
}

test('a version that is too old', async () => {
  const old = await FakePostgres.start('11.22')
  try {
    expect(await problemsOf({ ...props, 'database.port': String(old.port) })).toEqual(
      found('database.hostname', /^PostgreSQL 11\.22 is too old: version 12 or later is needed/),
    )
  } finally {
    await old.stop()
  }
})

test.each<PoolerManner>(['refuses settings', 'refuses replication', 'forgets replication'])(
  'a pooler in between that %s',
  async manner => {
    const pooler = await PostgresPooler.start(server.port, manner)
    try {
      const through = { ...props, 'database.port': String(pooler.port) }
      expect(await problemsOf(through)).toEqual(
        found(
          'database.hostname',
          /pooler \(PgBouncer or the like\).*database\.hostname and database\.port to the server/,
        ),
      )
      if (manner === 'forgets replication') return
      const capture = await new Capture().start(through)
      await expect(capture.until(() => false, 'its failure')).rejects.toThrow(/pooler \(PgBouncer or the like\)/)
      await capture.stop()
    } finally {
      await pooler.stop()
    }
  },
)

test('pg_hba.conf does not let the user in, or only with TLS', async () => {
  const file = await setting('hba_file')
  const before = await readFile(file, 'utf8')
  try {
    await writeFile(
      file,
      `host all millrace 127.0.0.1/32 scram-sha-256\nhostssl wrong other 127.0.0.1/32 scram-sha-256\n`,
    )
    await server.run(db, 'select pg_reload_conf()')
    const problems = () => problemsOf({ ...props, ...other, 'database.sslmode': 'disable' })
    await expect
      .poll(problems)
      .toEqual(
        found(
          'database.hostname',
          /set database\.sslmode=require if the server wants TLS, or add to pg_hba\.conf: host wrong other ADDRESS scram-sha-256, and run SELECT pg_reload_conf\(\)/,
        ),
      )
  } finally {
    await writeFile(file, before)
    await server.run(db, 'select pg_reload_conf()')
  }
})

test('no walsender left; the slot read by another connector, or by this one', async () => {
  const first = await new Capture().start({ ...props, name: 'first' })
  await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
  expect(await problemsOf({ ...props, name: 'first' })).toEqual([])
  const second = { ...props, name: 'second', 'topic.prefix': 'second' }
  expect(await problemsOf(second)).toEqual(
    found(
      'slot.name',
      /^The slot wrong is in use by "Millrace first": give this connector its own slot\.name, or stop the other reader: SELECT pg_terminate_backend\(\d+\)$/,
    ),
  )
  expect(await problemsOf({ ...second, 'slot.name': 'mine' })).toEqual(
    found('database.hostname', /^No replication connection: .*raise max_wal_senders in postgresql\.conf/),
  )
  await first.stop()
})

test('a publication without the tables, and one that is of another', async () => {
  await server.run(db, 'create publication nothing', 'create publication of_millrace for table t')
  expect(
    await problemsOf({ ...props, 'publication.name': 'nothing', 'publication.autocreate.mode': 'disabled' }),
  ).toEqual(
    found(
      'publication.name',
      /none of the captured tables: ALTER PUBLICATION "nothing" ADD TABLE "public"\."bare", "public"\."t"/,
    ),
  )
  expect(
    await problemsOf({
      ...props,
      ...other,
      'publication.name': 'of_millrace',
      'publication.autocreate.mode': 'filtered',
    }),
  ).toEqual(
    found(
      'publication.autocreate.mode',
      /^User other may not add "public"\."bare" to the publication of_millrace.*ALTER PUBLICATION "of_millrace" OWNER TO "other".*use disabled/,
    ),
  )
  await server.run(db, 'create publication everything for all tables')
  expect(
    await problemsOf({ ...props, 'publication.name': 'everything', 'publication.autocreate.mode': 'filtered' }),
  ).toEqual(found('publication.autocreate.mode', /is for all tables, which filtered cannot narrow/))
  await server.run(db, 'drop publication everything')
})

test('a task says what it will not capture as expected', async () => {
  const capture = await new Capture().start({
    ...props,
    'slot.name': 'advised',
    'publication.name': 'of_millrace',
    'publication.autocreate.mode': 'disabled',
    'table.include.list': 'public.t,public.bare,public.absent,public.x.*',
  })
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  await server.run(db, 'alter publication of_millrace add table bare')
  await capture.stop()
  const told = capture.logs.filter(line => line.startsWith('warn')).join('\n')
  expect(told).toMatch(/names public\.absent, which does not exist/)
  expect(told).toMatch(
    /Changes of "public"\."bare" are not in the publication of_millrace.*ALTER PUBLICATION "of_millrace" ADD TABLE "public"\."bare"/,
  )
  expect(told).not.toMatch(/REPLICA IDENTITY/)
  const again = await new Capture().start({
    ...props,
    'slot.name': 'advised2',
    'publication.name': 'of_millrace',
    'publication.autocreate.mode': 'disabled',
  })
  await again.until(() => again.logs.some(line => line.includes('Streaming')), 'the stream')
  await again.stop()
  expect(again.logs.join('\n')).toMatch(/ALTER TABLE public\.bare REPLICA IDENTITY FULL/)
  await server.run(db, 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active')
})

test('a slot that has lost what it kept', async () => {
  await server.run(db, "select pg_create_logical_replication_slot('late', 'pgoutput')")
  for (let segment = 0; segment < 4; segment++)
    await server.run(db, "select pg_logical_emit_message(false, 'x', 'y')", 'select pg_switch_wal()', 'checkpoint')
  expect(await problemsOf({ ...props, 'slot.name': 'late' })).toEqual(
    found(
      'slot.name',
      /has lost what it kept \(wal_status=lost\): SELECT pg_drop_replication_slot\('late'\), reset the offsets/,
    ),
  )
  expect(await problemsOf({ ...props, 'slot.name': 'late', 'snapshot.mode': 'when_needed' })).toEqual([])
})

test('a standby: publications are made on the primary', async () => {
  await server.becomeStandby()
  expect(await problemsOf({ ...props, 'publication.name': 'absent' })).toEqual(
    found(
      'publication.name',
      /cannot be created on a standby: run on the primary: CREATE PUBLICATION "absent" FOR TABLE/,
    ),
  )
})
