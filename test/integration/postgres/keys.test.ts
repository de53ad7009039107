import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, StoredOffsets } from '../../support/postgres-capture.ts'

let server: TestPostgres
beforeAll(async () => {
  server = await TestPostgres.start()
})
afterAll(() => server?.stop())

// The catalog is ahead of the log: it shows the tables as they are now.
test('changes of a table that is gone, or has lost its key meanwhile, have the key that they had', async () => {
  const props = await server.database(
    'keys',
    'create table gone (a int, b text, primary key (b, a))',
    'create table changed (id int primary key, v int)',
    'create table without (v int)',
  )
  const offsets = new StoredOffsets()
  const first = await new Capture({ offsets }).start({ ...props, 'snapshot.mode': 'no_data' })
  await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
  await server.run('keys', 'insert into without values (0)')
  await first.until(() => first.records.length === 1, 'a record')
  await first.stop()
  await server.run(
    'keys',
    "insert into gone values (1, 'x')",
    'insert into changed values (2, 2)',
    'insert into without values (3)',
    'drop table gone',
    'alter table changed drop constraint changed_pkey',
    'insert into changed values (4, 4)',
  )
  const second = await new Capture({ offsets }).start({ ...props, 'snapshot.mode': 'no_data' })
  await second.until(() => second.records.length === 4, 'the changes')
  await second.stop()
  expect(second.records.map(({ topic, key }) => [topic.split('.').at(-1), resolveLazy(key)])).toEqual([
    ['gone', { a: 1, b: 'x' }],
    ['changed', { id: 2 }],
    ['without', null],
    ['changed', { id: 4 }],
  ])
})
