import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import type { SourceRecord } from '../../../runtime/api/record.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, StoredOffsets } from '../../support/postgres-capture.ts'

let server: TestPostgres
let count = 0
const running: Capture[] = []
const folders: string[] = []
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '40', max_wal_senders: '40' })
})
afterEach(async () => {
  for (const capture of running.splice(0)) await capture.stop()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})
afterAll(() => server?.stop())

interface Row {
  readonly id: number
  readonly v: string
}
interface Envelope {
  readonly before: Row | null
  readonly after: Row | null
  readonly op: string
  readonly source: { readonly snapshot: string | null; readonly table: string; readonly txId: number | null }
}
interface Told {
  readonly type: string
  readonly aggregate_type: string
  readonly additional_data: ReadonlyMap<string, string>
}
type Props = Record<string, string>

const envelopeOf = (record: SourceRecord): Envelope | null => resolveLazy(record.value) as Envelope | null
const ofTable = (capture: Capture, table = 't'): readonly SourceRecord[] =>
  capture.records.filter(({ topic }) => topic.endsWith(`.public.${table}`))
const read = (capture: Capture, table = 't'): readonly Envelope[] =>
  ofTable(capture, table).flatMap(record => {
    const value = envelopeOf(record)
    return value?.op === 'r' ? [value] : []
  })
const idsRead = (capture: Capture, table = 't'): readonly number[] => read(capture, table).map(({ after }) => after!.id)
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
const told = (capture: Capture): readonly Told[] =>
  capture.records.filter(({ topic }) => topic === 'told').map(record => resolveLazy(record.value) as Told)
const types = (capture: Capture): readonly string[] => told(capture).map(({ type }) => type)

const signalTable = 'create table signals (id text primary key, type text not null, data text)'
const database = async (props: Props, ...statements: readonly string[]): Promise<Props> => ({
  ...(await server.database(
    `incremental_${++count}`,
    signalTable,
    'create table t (id int primary key, v text not null)',
    ...statements,
  )),
  'snapshot.mode': 'no_data',
  'signal.data.collection': 'public.signals',
  'signal.poll.interval.ms': '20',
  'incremental.snapshot.chunk.size': '10',
  ...props,
})
const rows = (last: number, table = 't') => `insert into ${table} select g, 'v' || g from generate_series(1, ${last}) g`
const notified = { 'notification.enabled.channels': 'sink,log', 'notification.sink.topic.name': 'told' }

const start = async (props: Props, options: ConstructorParameters<typeof Capture>[0] = {}): Promise<Capture> => {
  const capture = new Capture(options)
  running.push(capture)
  await capture.start(props)
  await capture.until(() => capture.logs.some(line => line.includes('Streaming')), 'the stream')
  return capture
}
const sql = (props: Props, ...statements: readonly string[]) => server.run(props['database.dbname']!, ...statements)
const table = async (props: Props, statement: string): Promise<Record<string, unknown>[]> => {
  const client = await server.client(props['database.dbname'])
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
const snapshotOf = (tables: readonly string[], more: object = {}) =>
  JSON.stringify({ type: 'INCREMENTAL', 'data-collections': tables, ...more })
const signal = (props: Props, type: string, data = '', id = `s${++count}`) =>
  sql(props, `insert into signals values ('${id}', '${type}', '${data.replaceAll("'", "''")}')`)
const execute = (props: Props, tables: readonly string[], more: object = {}) =>
  signal(props, 'execute-snapshot', snapshotOf(tables, more))
const complete = (capture: Capture, times = 1) =>
  capture.until(
    () => capture.logs.filter(line => line.includes('incremental snapshot is complete')).length >= times,
    'the end of the incremental snapshot',
    60_000,
  )

/** A consumer's table, by the records of all runs in their order. */
const follow = (records: readonly SourceRecord[]): ReadonlyMap<number, string> => {
  const state = new Map<number, string>()
  for (const record of records) {
    const value = envelopeOf(record)
    if (value === null) continue
    if (value.op === 'd') state.delete((resolveLazy(record.key) as Row).id)
    else if (value.after !== null) state.set(value.after.id, value.after.v)
  }
  return state
}

/** Changes rows with ids from `least` to `most` until it is told to stop; gives some of them ids from `free` down. */
class Writer {
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(props: Props, least: number, most: number, free: number) {
    this.#done = this.#run(props, least, most, free)
  }

  async #run(props: Props, least: number, most: number, free: number): Promise<void> {
    const client = await server.client(props['database.dbname'])
    try {
      for (let turn = 0; !this.#stop.signal.aborted; turn++) {
        const id = least + Math.floor(Math.random() * (most - least))
        const other = least + Math.floor(Math.random() * (most - least))
        const statements = [
          `update t set v = 'u${turn}' where id between ${id} and ${Math.min(id + 5, most)}`,
          `delete from t where id = ${id}`,
          `insert into t values (${id}, 'i${turn}') on conflict (id) do update set v = excluded.v`,
          `update t set id = ${free - turn}, v = 'm${turn}' where id = ${id}`,
          `update t set id = ${other}, v = 'n${turn}' where id = ${id} and not exists (select 1 from t where id = ${other})`,
        ]
        await client.query(statements[turn % statements.length]!)
        if (turn % 7 === 0) await client.query(`begin; update t set v = 'r${turn}' where id = ${id}; rollback`)
      }
    } finally {
      await client.end()
    }
  }

  stop(): Promise<void> {
    this.#stop.abort()
    return this.#done
  }
}

describe('with writers, killed again and again', () => {
  const modes: readonly (readonly [string, Props])[] = [
    ['watermarks that are inserted', {}],
    ['watermarks that are deleted', { 'incremental.snapshot.watermarking.strategy': 'insert_delete' }],
    ['positions in the log (read.only)', { 'read.only': 'true' }],
  ]
  test.each(modes)('every row arrives, and its last state last: %s', async (_, more) => {
    const props = await database(more, rows(1200))
    const offsets = new StoredOffsets()
    const delivered: SourceRecord[] = []
    let capture = await start(props, { offsets, autoCommit: false })
    const writers = [0, 1, 2].map(at => new Writer(props, at * 400 + 1, at * 400 + 400, 1_000_000 * (at + 1) * -1))
    try {
      await execute(props, ['public.t'])
      for (let kill = 1; ; kill++) {
        const enough = kill * 150
        const done = () => capture.logs.some(line => line.includes('incremental snapshot is complete'))
        await capture.until(() => done() || idsRead(capture).length >= 150, `rows of run ${kill} (${enough})`, 60_000)
        if (done()) break
        // Something that was delivered is stored, but by far not all of it.
        const { records } = capture
        capture.commit(records[Math.floor(records.length * (0.5 + Math.random() / 2))]!)
        await capture.stop()
        delivered.push(...ofTable(capture))
        capture = await start(props, { offsets, autoCommit: false })
        expect(kill).toBeLessThan(30)
      }
    } finally {
      for (const writer of writers) await writer.stop()
    }
    await sql(props, "insert into t values (-1, 'end')")
    await capture.until(() => ofTable(capture).some(record => envelopeOf(record)?.after?.id === -1), 'the last change')
    delivered.push(...ofTable(capture))
    const expected = new Map(
      (await table(props, 'select id, v from t')).map(({ id, v }) => [id as number, v as string]),
    )
    const followed = follow(delivered)
    expect(followed.size).toBe(expected.size)
    expect(new Map([...followed].sort(([a], [b]) => a - b))).toEqual(new Map([...expected].sort(([a], [b]) => a - b)))
    expect(delivered.filter(record => envelopeOf(record)?.op === 'r').length).toBeGreaterThan(300)
    if (more['read.only'] === 'true')
      expect(await table(props, 'select type from signals')).toEqual([{ type: 'execute-snapshot' }])
    if (more['incremental.snapshot.watermarking.strategy'] !== undefined)
      expect(
        (await table(props, "select count(*)::int n from signals where type = 'snapshot-window-close'"))[0]!['n'],
      ).toBe(0)
  })

  test('no row is read twice that was stored', async () => {
    const props = await database({}, rows(300))
    const offsets = new StoredOffsets()
    const first = await start(props, { offsets, autoCommit: false })
    await execute(props, ['public.t'])
    await first.until(() => idsRead(first).length >= 100, 'some chunks')
    const at = first.records.findLastIndex(record => envelopeOf(record)?.after?.id === 95)
    first.commit(first.records[at]!)
    await first.stop()
    expect(offsets.stored).toMatchObject({ incremental_snapshot_correlation_id: expect.stringMatching(/^s/) })
    const again = await start(props, { offsets })
    await complete(again)
    // Row 95 stands in the middle of a chunk: that one is read again, and no other.
    expect(idsRead(again)).toEqual(upTo(91, 300))
    expect(offsets.stored).not.toHaveProperty('incremental_snapshot_collections')
  })
})

describe('what is read', () => {
  test('tables by pattern, with a condition of their own, a row once', async () => {
    const props = await database(
      {},
      rows(25),
      'create table t2 (id int primary key, v text not null)',
      rows(25, 't2'),
      'create table other (id int primary key)',
    )
    const capture = await start(props)
    await execute(props, ['public\\.t.*'], {
      'additional-conditions': [{ 'data-collection': 'public.t2', filter: 'id % 2 = 0 or id = 1' }],
    })
    await complete(capture)
    expect(idsRead(capture)).toEqual(upTo(1, 25))
    expect(idsRead(capture, 't2')).toEqual([1, ...upTo(1, 25).filter(id => id % 2 === 0)])
    expect(read(capture)[0]).toMatchObject({ op: 'r', source: { snapshot: 'incremental', txId: null, table: 't' } })
  })

  test('a table whose key has several columns, texts and large numbers', async () => {
    const props = await database(
      {},
      'create table k (a text, b bigint, c uuid default gen_random_uuid(), d numeric, id int, primary key (a, b, c, d))',
      `insert into k (a, b, d, id) select 'a''\\' || chr(9) || g % 3, 9007199254740993 + g, g / 7.0, g from generate_series(1, 45) g`,
    )
    const offsets = new StoredOffsets()
    const capture = await start(props, { offsets, autoCommit: false })
    await execute(props, ['public.k'])
    await capture.until(() => idsRead(capture, 'k').length >= 20, 'some chunks')
    const at = capture.records.findIndex(
      record =>
        record.topic.endsWith('.k') &&
        'incremental_snapshot_primary_key' in record.sourceOffset &&
        record.sourceOffset['incremental_snapshot_primary_key'] !== 'aced000570',
    )
    capture.commit(capture.records[at]!)
    await capture.stop()
    const before = capture.records.slice(0, at + 1).filter(({ topic }) => topic.endsWith('.k'))
    const again = await start(props, { offsets })
    await complete(again)
    const all = [...before.map(record => envelopeOf(record)!.after!.id), ...idsRead(again, 'k')]
    expect(all.toSorted((a, b) => a - b)).toEqual(upTo(1, 45))
  })

  test('a surrogate key that repeats and is null', async () => {
    const props = await database(
      notified,
      'create table loose (id int, v text, seq int)',
      "insert into loose select g, 'x', case when g > 30 then null else g / 7 end from generate_series(1, 40) g",
    )
    const capture = await start(props)
    await execute(props, ['public.loose'], { 'surrogate-key': 'seq' })
    await complete(capture)
    expect(idsRead(capture, 'loose').toSorted((a, b) => a - b)).toEqual(upTo(1, 40))
  })

  test('what cannot be read is told, and the rest is read', async () => {
    const props = await database(
      notified,
      rows(3),
      'create table loose (id int, v text)',
      'insert into loose values (1)',
    )
    const capture = await start(props)
    await execute(props, ['public.loose', 'public.nothere', 'public.t'])
    await complete(capture)
    expect(idsRead(capture)).toEqual([1, 2, 3])
    expect(
      told(capture).flatMap(({ additional_data: data }) =>
        data.has('status') ? [[data.get('scanned_collection'), data.get('status')]] : [],
      ),
    ).toEqual([
      ['public.loose', 'NO_PRIMARY_KEY'],
      ['public.nothere', 'UNKNOWN_SCHEMA'],
      ['public.t', 'SUCCEEDED'],
    ])
    expect(capture.logs.some(line => line.includes('public.loose has no primary key: add one'))).toBe(true)
    await execute(props, ['public.t'], {
      'additional-conditions': [{ 'data-collection': 'public.t', filter: 'no such' }],
    })
    await complete(capture, 2)
    expect(told(capture).at(-2)!.additional_data.get('status')).toBe('SQL_EXCEPTION')
    await sql(props, 'truncate t')
    await execute(props, ['public.t'])
    await complete(capture, 3)
    expect(told(capture).at(-2)!.additional_data.get('status')).toBe('EMPTY')
    expect(capture.failure).toBeUndefined()
  })

  test('a table that changes while it is read', async () => {
    const props = await database({}, rows(400))
    const capture = await start(props)
    await execute(props, ['public.t'])
    await capture.until(() => idsRead(capture).length >= 50, 'some chunks')
    await sql(props, 'alter table t add extra int default 5', "update t set v = 'new' where id = 400")
    await complete(capture)
    const values = read(capture).map(({ after }) => after as Row & { readonly extra?: number })
    expect(values.at(-1)).toMatchObject({ extra: 5 })
    expect(values[0]).not.toHaveProperty('extra')
    expect(new Set(follow(ofTable(capture)).keys()).size).toBe(400)
    expect(follow(ofTable(capture)).get(400)).toBe('new')
  })
})

describe('signals', () => {
  test('pause, resume and stop, and what is told of them', async () => {
    const props = await database(
      { ...notified, 'incremental.snapshot.chunk.size': '5' },
      rows(500),
      'create table t2 (id int primary key, v text not null)',
      rows(500, 't2'),
    )
    const capture = await start(props)
    await execute(props, ['public.t', 'public.t2'])
    await capture.until(() => idsRead(capture).length >= 20, 'some chunks')
    await signal(props, 'pause-snapshot')
    await capture.until(() => types(capture).includes('PAUSED'), 'the pause')
    // The chunk that was open comes in, and nothing after it.
    await sql(props, "insert into t values (1000, 'pause')")
    await capture.until(() => ofTable(capture).some(record => envelopeOf(record)?.after?.id === 1000), 'the change')
    const before = idsRead(capture).length
    await sleep(200)
    expect(idsRead(capture).length).toBeLessThanOrEqual(before + 5)
    await signal(props, 'resume-snapshot')
    await capture.until(() => idsRead(capture).length >= before + 20, 'more chunks')
    await signal(props, 'stop-snapshot', snapshotOf(['public.t']))
    await capture.until(() => types(capture).includes('ABORTED'), 'the end of one table')
    await capture.until(() => idsRead(capture, 't2').length >= 20, 'the other table')
    const stopped = idsRead(capture).length
    await signal(props, 'stop-snapshot')
    await capture.until(() => types(capture).filter(type => type === 'ABORTED').length === 2, 'the end')
    expect(stopped).toBeLessThan(500)
    expect(types(capture).filter(type => type !== 'IN_PROGRESS')).toEqual([
      'SKIPPED',
      'STARTED',
      'PAUSED',
      'RESUMED',
      'ABORTED',
      'ABORTED',
    ])
    expect(
      told(capture)
        .filter(({ type }) => type === 'ABORTED')
        .map(({ additional_data: data }) => data.get('data_collections')),
    ).toEqual(['public.t', 'public.t2'])
    // Another one begins anew.
    await execute(props, ['public.t'])
    await complete(capture)
    expect(idsRead(capture).slice(-501)).toEqual([...upTo(1, 500), 1000])
  })

  test('from a file, which is emptied', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-signals-'))
    folders.push(folder)
    const file = join(folder, 'signals.txt')
    const props = await database({ 'signal.enabled.channels': 'file', 'signal.file': file }, rows(25))
    delete props['signal.data.collection']
    const capture = await start(props)
    const line = JSON.stringify({ id: 'f1', type: 'execute-snapshot', data: JSON.parse(snapshotOf(['public.t'])) })
    await writeFile(file, `not json\n${line}\n`)
    await complete(capture)
    expect(idsRead(capture)).toEqual(upTo(1, 25))
    expect(await readFile(file, 'utf8')).toBe('')
    expect(capture.logs.filter(text => text.includes('is no signal')).length).toBe(1)
    await appendFile(file, `${JSON.stringify({ id: 'f2', type: 'log', data: { message: 'from a file' } })}\n`)
    await capture.until(() => capture.logs.some(text => text.includes('info from a file')), 'the log line')
  })

  // Nothing is written meanwhile: without being asked the server would tell how far it is only now and then.
  test('the table is not published: positions in the log take the place of its rows', { timeout: 9000 }, async () => {
    const props = await database(
      { 'publication.autocreate.mode': 'disabled', 'publication.name': 'mine' },
      rows(25),
      'create publication mine for table t',
    )
    const folder = await mkdtemp(join(tmpdir(), 'millrace-signals-'))
    folders.push(folder)
    const file = join(folder, 'signals.txt')
    const capture = await start({
      ...props,
      'signal.enabled.channels': 'file',
      'signal.file': file,
      'incremental.snapshot.chunk.size': '20',
    })
    await writeFile(
      file,
      JSON.stringify({ id: 'f1', type: 'execute-snapshot', data: JSON.parse(snapshotOf(['public.t'])) }),
    )
    await complete(capture)
    expect(idsRead(capture)).toEqual(upTo(1, 25))
  })

  test('a user who may not write to the table is told, and the snapshot goes on without watermarks', async () => {
    const props = await database({}, rows(25))
    const name = `limited_${++count}`
    await sql(
      props,
      `create role ${name} login replication password 'limited'`,
      `grant select on t, signals to ${name}`,
      `create publication dbz_publication for table t, signals`,
    )
    const capture = await start({
      ...props,
      'database.user': name,
      'database.password': 'limited',
      'publication.autocreate.mode': 'disabled',
    })
    await execute(props, ['public.t'])
    await complete(capture)
    expect(idsRead(capture)).toEqual(upTo(1, 25))
    expect(capture.logs.filter(line => line.includes('GRANT INSERT ON')).length).toBe(1)
    expect(capture.logs.filter(line => line.includes('Watermarks in signal.data.collection do not work')).length).toBe(
      1,
    )
  })

  test('a blocking snapshot: all rows at once, the stream goes on behind it', async () => {
    const props = await database(notified, rows(25))
    const capture = await start(props)
    await execute(props, ['public.t'], {
      type: 'BLOCKING',
      'additional-conditions': [{ 'data-collection': 'public.t', filter: 'id <= 20' }],
    })
    await sql(props, "insert into t values (30, 'behind')")
    await capture.until(() => ofTable(capture).some(record => envelopeOf(record)?.op === 'c'), 'the change')
    expect(idsRead(capture)).toEqual(upTo(1, 20))
    expect(read(capture).map(({ source }) => source.snapshot)).toEqual([
      'first',
      ...upTo(2, 19).map(() => 'true'),
      'last',
    ])
    expect(types(capture)).toEqual(['SKIPPED', 'STARTED', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED'])
    expect(told(capture)[0]!.aggregate_type).toBe('Initial Snapshot')
  })

  test('a blocking snapshot takes a query, as Debezium does; one that fails ends the snapshot, not the task', async () => {
    const props = await database(notified, rows(25))
    const capture = await start(props)
    const ask = (filter: string) =>
      execute(props, ['public.t'], {
        type: 'BLOCKING',
        'additional-conditions': [{ 'data-collection': 'public.t', filter }],
      })
    await ask('select * from nope')
    await capture.until(() => types(capture).includes('ABORTED'), 'the end of it')
    await ask('SELECT * FROM public.t WHERE id in (3, 5) ORDER BY id DESC;')
    await sql(props, "insert into t values (30, 'behind')")
    await capture.until(() => ofTable(capture).some(record => envelopeOf(record)?.op === 'c'), 'the change')
    expect(idsRead(capture)).toEqual([5, 3])
    expect(capture.logs.filter(line => line.includes('correct the filter'))).toHaveLength(1)
    expect(capture.logs.find(line => line.includes('correct the filter'))).toContain(
      'relation \\"nope\\" does not exist',
    )
  })
})
