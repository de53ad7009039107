import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, StoredOffsets } from '../../support/postgres-capture.ts'

let server: TestPostgres
let count = 0
const running: Capture[] = []
beforeAll(async () => {
  server = await TestPostgres.start({ wal_sender_timeout: '2s', max_replication_slots: '40', max_wal_senders: '40' })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
})
afterAll(() => server?.stop())

interface Envelope {
  readonly before: { readonly id: number; readonly v: string } | null
  readonly after: { readonly id: number; readonly v: string } | null
  readonly op: string
  readonly source: { readonly snapshot: string | null; readonly table: string; readonly lsn: number }
}
const envelopeOf = (record: SourceRecord): Envelope | null => resolveLazy(record.value) as Envelope | null
const ids = (records: readonly SourceRecord[], op?: string): number[] =>
  records.flatMap(record => {
    const value = envelopeOf(record)
    return value?.after && (op === undefined || value.op === op) ? [value.after.id] : []
  })
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

const database = (...statements: readonly string[]) =>
  server.database(`recovery_${++count}`, 'create table t (id int primary key, v text)', ...statements)
const start = async (props: Record<string, string>, options: ConstructorParameters<typeof Capture>[0] = {}) => {
  const capture = new Capture(options)
  running.push(capture)
  return capture.start(props)
}
const sql = (props: Record<string, string>, ...statements: readonly string[]) =>
  server.run(props['database.dbname']!, ...statements)
const confirmed = async (props: Record<string, string>): Promise<number> => {
  const client = await server.client(props['database.dbname'])
  const { rows } = await client.query(
    `select (confirmed_flush_lsn - '0/0')::text lsn from pg_replication_slots where slot_name = $1`,
    [props['slot.name']],
  )
  await client.end()
  return Number(rows[0]?.lsn)
}

describe('resuming', () => {
  test('at any event, without loss and without repetition', async () => {
    const props = await database()
    const offsets = new StoredOffsets()
    const first = await start(props, { autoCommit: false, offsets })
    await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
    await sql(
      props,
      'insert into t select g, g::text from generate_series(1, 5) g',
      'begin; insert into t values (6), (7); update t set id = 60 where id = 6; delete from t where id = 7; commit',
      'insert into t values (8)',
    )
    await first.until(() => ids(first.records).includes(8), 'all changes')
    await first.stop()
    const all = first.records.map(record => JSON.stringify([resolveLazy(record.key), envelopeOf(record)?.op ?? null]))
    for (let at = 0; at < first.records.length - 1; at++) {
      const stored = new StoredOffsets()
      stored.store(first.records[at]!.sourceOffset)
      const again = await start(props, { autoCommit: false, offsets: stored })
      const rest = () =>
        again.records.map(record => JSON.stringify([resolveLazy(record.key), envelopeOf(record)?.op ?? null]))
      // The parts of one event (a delete and its tombstone, a change of key) come again together.
      const position = (record: SourceRecord) => JSON.stringify(record.sourceOffset)
      let next = at + 1
      if (first.records[at + 1] !== undefined && position(first.records[at]!) === position(first.records[at + 1]!))
        next = -1
      const expected = next === -1 ? undefined : all.slice(next)
      await again.until(() => rest().at(-1) === all.at(-1), `what follows record ${at}`)
      await again.stop()
      if (expected !== undefined) expect(rest().slice(-expected.length), `after record ${at}`).toEqual(expected)
      expect(rest().length, `after record ${at}`).toBeLessThanOrEqual(all.length - at - 1 + 3)
    }
  })

  test('in the middle of rows that share one position (COPY)', async () => {
    const props = await database()
    const first = await start(props, { autoCommit: false })
    await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
    // COPY writes many rows into one WAL record.
    await sql(
      props,
      'create temp table lines as select g, g::text v from generate_series(1, 40) g',
      `copy t from program 'for i in $(seq 1 40); do printf "%s\\t%s\\n" $i $i; done'`,
    )
    await first.until(() => ids(first.records).length === 40, '40 rows')
    await first.stop()
    const counts = first.records.map(record => record.sourceOffset['lsn_events_processed'])
    expect(counts).toContain(17)
    for (const at of [0, 16, 38]) {
      const stored = new StoredOffsets()
      stored.store(first.records[at]!.sourceOffset)
      const again = await start(props, { autoCommit: false, offsets: stored })
      await again.until(() => ids(again.records).includes(40), 'the last row')
      expect(ids(again.records)).toEqual(upTo(at + 2, 40))
      await again.stop()
    }
  })

  test('a snapshot that was not completed goes on behind its last batch, and misses nothing that came in between', async () => {
    const props = await database("insert into t select g, 'old' from generate_series(1, 5000) g")
    const offsets = new StoredOffsets()
    const first = await start({ ...props, 'max.batch.size': '500' }, { offsets, held: true })
    await first.until(() => first.records.length >= 400, 'a part of the snapshot')
    await first.stop()
    expect(first.records.length).toBeLessThan(1000)
    await sql(props, "insert into t values (6000, 'between')", "update t set v = 'new' where id = 1")
    const second = await start(props, { offsets })
    await second.until(() => second.logs.some(line => line.includes('snapshot is complete')), 'everything')
    await sql(props, "insert into t values (7000, 'after')")
    await second.until(() => ids(second.records).includes(7000), 'what came later')
    const read = [...ids(first.records, 'r'), ...ids(second.records, 'r')]
    // The one that was written to stands elsewhere now.
    expect(read.filter(id => id > 1 && id <= 5000).toSorted((a, b) => a - b)).toEqual(upTo(2, 5000))
    // What was written after the instant of the snapshot is told by the stream.
    expect(ids(second.records, 'c')).toEqual([6000, 7000])
    expect(ids(second.records, 'u')).toEqual([1])
  })
})

describe('the slot', () => {
  test('moves only to what is stored', async () => {
    const props = await database()
    const capture = await start(props, { autoCommit: false })
    await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
    const before = await confirmed(props)
    await sql(props, 'insert into t values (1)', 'insert into t values (2)', 'insert into t values (3)')
    await capture.until(() => capture.records.length === 3, 'three rows')
    await sql(props, "select pg_logical_emit_message(false, 'x', 'y')")
    await capture.until(() => capture.records.length === 4, 'the message')
    expect(await confirmed(props)).toBe(before)
    capture.commit(capture.records[1]!)
    await capture.until(async () => (await confirmed(props)) > before, 'the slot to move')
    expect(await confirmed(props)).toBe(Number(capture.records[1]!.sourceOffset['lsn_commit']))
    capture.commit(capture.records[2]!)
    await capture.stop()
    // The last commit is told even when the task stops at once.
    await expect.poll(() => confirmed(props)).toBe(Number(capture.records[2]!.sourceOffset['lsn_commit']))
  })

  test('follows changes of other tables with heartbeats, and with connector_and_driver', async () => {
    const props = await database('create table other (id int)')
    const ways: Record<string, string>[] = [
      { 'heartbeat.interval.ms': '100' },
      { 'lsn.flush.mode': 'connector_and_driver', 'status.update.interval.ms': '200' },
    ]
    for (const more of ways) {
      const capture = await start({
        ...props,
        'table.include.list': 'public.t',
        'publication.name': `p${count}`,
        'publication.autocreate.mode': 'filtered',
        ...more,
      })
      await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
      const before = await confirmed(props)
      await sql(props, 'insert into other select generate_series(1, 1000)')
      await capture.until(async () => (await confirmed(props)) > before + 10_000, 'the slot to follow')
      await sql(props, `insert into t values (${Math.floor(before)} % 1000000)`)
      await capture.until(() => ids(capture.records, 'c').length === 1, 'a change of ours')
      await capture.stop()
    }
  })

  test('is not lost to wal_sender_timeout while nobody takes records', async () => {
    const props = await database()
    const capture = await start(props)
    await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
    capture.held = true
    await sql(props, "insert into t select g, repeat('x', 1000) from generate_series(1, 20000) g")
    const end = Date.now() + 5000
    await capture.until(() => Date.now() > end, 'more than twice the timeout')
    capture.held = false
    await capture.until(() => ids(capture.records).length === 20000, 'all rows')
    expect(capture.retried).toEqual([])
    expect(ids(capture.records)).toEqual(upTo(1, 20000))
  }, 60_000)

  test('that another task holds is waited for, and named when it stays', async () => {
    const props = await database()
    const first = await start(props)
    await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
    const second = await start({ ...props, 'slot.max.retries': '2', 'errors.max.retries': '0' })
    await expect(second.until(() => false, 'its failure')).rejects.toThrow(
      /replication slot "recovery_\d+" is active for PID \d+.*slot\.name/s,
    )
    const third = await start({ ...props, 'slot.max.retries': '100' })
    await third.until(() => third.logs.some(line => line.includes('in use')), 'a try')
    await first.stop()
    await third.until(() => third.logs.some(line => line.includes('Streaming')), 'its turn')
  })

  test('that was dropped is missed: the position cannot be resumed', async () => {
    const props = await database('insert into t values (1)')
    const offsets = new StoredOffsets()
    const first = await start(props, { offsets })
    await first.until(() => first.logs.some(line => line.includes('Streaming')), 'the stream')
    await first.stop()
    await sql(props, `select pg_drop_replication_slot('${props['slot.name']}')`)
    const second = await start(props, { offsets })
    await expect(second.until(() => false, 'its failure')).rejects.toThrow(/Changes are missing.*when_needed/s)
    const third = await start({ ...props, 'snapshot.mode': 'when_needed' }, { offsets })
    await third.until(() => ids(third.records, 'r').includes(1), 'a new snapshot')
  })
})

describe('a server that goes and comes back', () => {
  test('in the middle of the stream: nothing is lost or repeated', async () => {
    const props = await database()
    const capture = await start(props, { autoCommit: false })
    await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
    await sql(props, 'insert into t select g from generate_series(1, 100) g')
    await capture.until(() => ids(capture.records).length === 100, '100 rows')
    await server.crash()
    await capture.until(() => capture.retried.length > 0, 'the failure')
    await server.restart()
    await sql(props, 'insert into t select g from generate_series(101, 200) g')
    await capture.until(() => ids(capture.records).includes(200), 'the rest')
    expect(ids(capture.records)).toEqual(upTo(1, 200))
    expect(capture.retried[0]!.message).toMatch(/PostgreSQL at 127\.0\.0\.1:\d+/)
    expect(capture.retried.map(String).join()).not.toContain(server.password)
  })

  test('in the middle of the snapshot: it goes on and is whole', async () => {
    const props = await database("insert into t select g, repeat('y', 500) from generate_series(1, 50000) g")
    const capture = await start({ ...props, 'max.batch.size': '200' }, { held: true })
    await capture.until(() => capture.records.length >= 100, 'a part of the snapshot')
    await server.crash()
    capture.held = false
    await capture.until(() => capture.retried.length > 0, 'the failure')
    await server.restart()
    await capture.until(() => capture.logs.some(line => line.includes('complete')), 'the end of the snapshot', 40_000)
    expect(ids(capture.records, 'r').toSorted((a, b) => a - b)).toEqual(upTo(1, 50000))
    await sql(props, 'insert into t values (60000)')
    await capture.until(() => ids(capture.records.slice(-1)).includes(60000), 'the stream')
  }, 60_000)

  test('too often for errors.max.retries: the task fails', async () => {
    const props = await database()
    const capture = await start({ ...props, 'errors.max.retries': '1' })
    await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
    await server.crash()
    try {
      await expect(capture.until(() => false, 'its failure')).rejects.toThrow(/errors\.max\.retries=1/)
    } finally {
      await server.restart()
    }
  })
})

test('a server that shuts down gets all it sent confirmed, and does not wait for ever', {
  timeout: 30_000,
}, async () => {
  const props = await database('create table other (id int)')
  const capture = await start({ ...props, 'table.include.list': 'public.t' })
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  await sql(props, "insert into t values (1, 'a')", 'insert into other values (1)')
  await capture.until(() => ids(capture.records).length === 1, 'the row')
  await server.shutdown()
  await server.restart()
  await sql(props, "insert into t values (2, 'b')")
  await capture.until(() => ids(capture.records).includes(2), 'the next row')
  expect(ids(capture.records)).toEqual([1, 2])
})

test('stops within a second while idle', async () => {
  const props = await database()
  const capture = await start(props)
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  const from = Date.now()
  await capture.stop()
  expect(Date.now() - from).toBeLessThan(1000)
})
