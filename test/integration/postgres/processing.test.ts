import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import type { OffsetMap, SourceRecord } from '../../../runtime/api/record.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture } from '../../support/postgres-capture.ts'

let server: TestPostgres
let props: Record<string, string>
const db = 'processed'
beforeAll(async () => {
  server = await TestPostgres.start({ log_statement: 'all' })
  props = {
    ...(await server.database(
      db,
      // PostgreSQL 17 has intervals without an end, of which there is no number.
      'create table t (id int primary key, at interval, n int)',
      'create table big (id int primary key, n int, a text)',
      'alter table big alter a set storage external',
      'insert into big select g, 0, repeat(md5(g::text), 100) from generate_series(1, 250) g',
    )),
    'snapshot.mode': 'no_data',
  }
})
afterAll(() => server?.stop())

const reselect = (more: Readonly<Record<string, string>> = {}) => ({
  'post.processors': 'again',
  'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
  ...more,
})

const started = async (more: Readonly<Record<string, string>>, capture = new Capture()): Promise<Capture> => {
  await capture.start({ ...props, ...more })
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  return capture
}

interface Envelope {
  readonly op: string
  readonly after: Readonly<Record<string, unknown>> | null
}
const value = (record: SourceRecord) => resolveLazy(record.value) as Envelope | null

test('more tables than the guardrail allows: the task fails, or says so and goes on', async () => {
  const failing = await new Capture().start({
    ...props,
    'guardrail.collections.max': '1',
    'guardrail.collections.limit.action': 'fail',
  })
  await expect(failing.until(() => false, 'its failure')).rejects.toThrow(
    /^Guardrail limit exceeded: 2 tables\/collections configured for capture, but maximum allowed is 1\.$/,
  )
  await failing.stop()
  const warned = await started({ 'guardrail.collections.max': '1' })
  expect(warned.logs.join()).toMatch(/warn Guardrail limit exceeded: 2.*table\.include\.list/)
  await warned.stop()
})

const write = async () => {
  await server.run(
    db,
    "insert into t values (1, '1 day', 0)",
    "insert into t values (2, 'infinity', 0)",
    "insert into t values (3, '1 day', 0)",
    "update t set at = 'infinity' where id = 1",
    'alter table t replica identity full',
    'delete from t where id = 2',
    'delete from t where id = 3',
    'alter table t replica identity default',
    'delete from t',
    "insert into t values (4, 'infinity', 0)",
  )
}

test.each(['warn', 'skip', 'ignore'])('changes that cannot be read are left out: %s', async mode => {
  const capture = await started({
    'event.processing.failure.handling.mode': mode,
    'table.include.list': 'public.t',
  })
  await write()
  await capture.until(() => capture.records.length >= 6, 'what can be read')
  const lsnOf = (offset: OffsetMap | undefined) => Number(offset?.['lsn'] ?? 0)
  await capture.until(
    () => lsnOf(capture.offsets.stored) > lsnOf(capture.records.at(-1)!.sourceOffset),
    'the position behind what was left out',
  )
  expect(
    capture.records.map(record => [(resolveLazy(record.key) as { id: number }).id, value(record)?.op ?? null]),
  ).toEqual([
    [1, 'c'],
    [3, 'c'],
    [3, 'd'],
    [3, null],
    [1, 'd'],
    [1, null],
  ])
  const told = capture.logs.filter(line => line.includes('is left out'))
  expect(told).toHaveLength(mode === 'warn' ? 4 : 0)
  if (mode === 'warn') expect(told[0]).toMatch(/public\.t cannot be read.*infinity is no interval.*"lsn":\d+/)
  await capture.stop()
  await server.run(
    db,
    'delete from t',
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active',
  )
})

test('values that were left out are read again, many with one statement', async () => {
  const capture = await started({ ...reselect(), 'table.include.list': 'public.big' })
  await server.run(db, 'update big set n = 1')
  await capture.until(() => capture.records.length === 250, 'all rows')
  for (const record of capture.records) expect(value(record)!.after!['a']).toMatch(/^[0-9a-f]{3200}$/)
  const statements = server.output.match(/statement: \(select 0, "a" from/g) ?? []
  expect(statements.length).toBeGreaterThan(0)
  expect(statements.length).toBeLessThan(50)
  await capture.stop()
})

test('what cannot be read again fails the task where the settings say so', async () => {
  const settings = { ...reselect({ 'again.reselect.error.handling.mode': 'fail' }), 'table.include.list': 'public.big' }
  const capture = await started(settings)
  await server.run(db, 'begin; update big set n = 2 where id = 1; alter table big drop column a; commit')
  await expect(capture.until(() => false, 'its failure')).rejects.toThrow(
    /Columns "a" of "public"\."big" could not be read again: .*column "a" does not exist.*reselect\.error\.handling\.mode=warn/,
  )
  await capture.stop()
})
