import { setTimeout as sleep } from 'node:timers/promises'
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
interface Row {
  readonly id: number
  readonly v: number
}
interface Change {
  readonly op: string
  readonly id: number
  /** undefined: the row is gone. */
  readonly v: number | undefined
}

/** One row to a block: ten chunks of 16 MB. */
const rows = 20_000
const chunk = 2048
const big = 'create table big (id int primary key, v int not null default 0, filler text) with (fillfactor = 10)'
const filled = `insert into big select g, 0, repeat('x', 600) from generate_series(1, ${rows}) g`
const small = 'create table small (id int primary key, v int not null default 0)'
const smallFilled = 'insert into small select g, 0 from generate_series(1, 100) g'

const database = async (...statements: readonly string[]): Promise<Props> => ({
  ...(await server.database(`resumed_${++count}`, ...statements)),
  'max.batch.size': '500',
})
const sql = (props: Props, ...statements: readonly string[]) => server.run(props['database.dbname']!, ...statements)

/** `most`: it stands still after so many records. */
const start = async (props: Props, offsets: StoredOffsets, most = Number.POSITIVE_INFINITY): Promise<Capture> => {
  let seen = 0
  const capture: Capture = new Capture({
    offsets,
    taken: batch => {
      seen += batch.length
      capture.held = seen >= most
    },
  })
  running.push(capture)
  return capture.start(props)
}

const changesOf = (captures: readonly Capture[], table: string): readonly Change[] =>
  captures.flatMap(({ records }) =>
    records.flatMap((record): Change[] => {
      const value = resolveLazy(record.value) as { op: string; before: Row | null; after: Row | null } | null
      if (!record.topic.endsWith(`.public.${table}`) || value === null) return []
      return [{ op: value.op, id: (value.after ?? value.before)!.id, v: value.after?.v }]
    }),
  )
const idsRead = (capture: Capture, table: string): readonly number[] =>
  changesOf([capture], table).flatMap(({ op, id }) => (op === 'r' ? [id] : []))

const stateOf = (changes: readonly Change[]): ReadonlyMap<number, number> => {
  const state = new Map<number, number>()
  for (const { id, v } of changes) {
    if (v === undefined) state.delete(id)
    else state.set(id, v)
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

/** Versions of a row only grow. */
const expectInOrder = (changes: readonly Change[]): void => {
  const last = new Map<number, number>()
  for (const { id, v } of changes) {
    if (v === undefined) continue
    expect(v, `row ${id}`).toBeGreaterThanOrEqual(last.get(id) ?? 0)
    last.set(id, v)
  }
}

test('a snapshot that was killed goes on behind the last whole chunk, whatever was written meanwhile', {
  timeout: 120_000,
}, async () => {
  const props = await database(big, filled, small, smallFilled)
  const offsets = new StoredOffsets()
  const first = await start(props, offsets, 9500)
  await first.until(() => first.held, 'the fifth chunk')
  await first.stop()
  expect(offsets.stored).toMatchObject({ snapshot_completed: false, snapshot_progress: expect.any(String) })
  const { left, begun } = JSON.parse(String(offsets.stored!['snapshot_progress']))
  // Of one row to a block: those behind the last that was handed over.
  expect({ left, ranges: begun[0].ranges }).toEqual({
    left: ['public.big', 'public.small'],
    ranges: [
      [`(${idsRead(first, 'big').length},1)`, `(${5 * chunk},0)`],
      [`(${5 * chunk},0)`, null],
    ],
  })

  // In what is done, in what is not, across both, and what comes and goes.
  await sql(
    props,
    'update big set v = v + 1 where id % 7 = 0',
    'update big set v = v + 1 where id % 14 = 0',
    'delete from big where id % 11 = 0',
    `insert into big select g, 1 from generate_series(${rows + 1}, ${rows + 500}) g`,
    `update big set id = id + 100000, v = v + 1 where id % 1000 = 1`,
    'delete from small where id <= 10',
  )
  const second = await start(props, offsets)
  let written = 0
  for (let round = 0; round < 20; round++) {
    await sql(props, `update big set v = v + 1 where id % 50 = ${round}`)
    await sleep(50)
    written++
  }
  expect(written).toBe(20)
  const all = [first, second]
  for (const table of ['big', 'small'])
    await second.until(
      async () => same(stateOf(changesOf(all, table)), await tableState(props, table)),
      `the state of ${table}`,
      60_000,
    )
  await second.until(() => second.logs.some(line => line.includes('snapshot is complete')), 'the end', 60_000)
  expectInOrder(changesOf(all, 'big'))

  // What is read twice stood in the chunk that was open.
  const before = new Set(idsRead(first, 'big'))
  const twice = idsRead(second, 'big').filter(id => before.has(id))
  expect(before.size - twice.length).toBeGreaterThanOrEqual(4 * chunk - 2)
  expect(twice.length).toBeLessThanOrEqual(chunk)
  expect(new Set(idsRead(second, 'big')).size).toBe(idsRead(second, 'big').length)
  expect(second.logs.join('\n')).toContain('goes on where it was interrupted')
  expect(offsets.stored!['snapshot_progress']).toBeUndefined()
})

test('killed again and again, each time it goes on', { timeout: 120_000 }, async () => {
  const props = { ...(await database(big, filled, small, smallFilled)), 'incremental.snapshot.chunk.size': '1000' }
  const offsets = new StoredOffsets()
  const all: Capture[] = []
  const done = async () => same(stateOf(changesOf(all, 'big')), await tableState(props, 'big'))
  const runs = 5
  for (let run = 0; run < runs; run++) {
    const capture = await start(props, offsets, 4000)
    all.push(capture)
    await capture.until(() => capture.held, `rows of run ${run}`, 60_000)
    await capture.stop()
    await sql(props, `update big set v = v + 1 where id % 97 = ${run}`)
  }
  all.push(await start(props, offsets))
  await all.at(-1)!.until(done, 'the state', 60_000)
  expectInOrder(changesOf(all, 'big'))
  const reads = all.reduce((sum, capture) => sum + idsRead(capture, 'big').length, 0)
  expect(reads).toBeLessThan(rows + chunk + all.length * 1000)
})

test('a table that was written anew is read from its beginning', { timeout: 60_000 }, async () => {
  const props = await database(big, filled)
  const offsets = new StoredOffsets()
  const first = await start(props, offsets, 9500)
  await first.until(() => first.held, 'the fifth chunk')
  await first.stop()
  const client = await server.client(props['database.dbname']!)
  await client.query('delete from big where id <= 5000')
  await client.query('vacuum full big')
  await client.end()
  const second = await start(props, offsets)
  await second.until(
    async () => same(stateOf(changesOf([first, second], 'big')), await tableState(props, 'big')),
    'the state',
    60_000,
  )
})

test.each<readonly [string, Props, string]>([
  ['skipped.operations', { 'skipped.operations': 'u' }, ''],
  [
    'skip.messages.without.change',
    { 'skip.messages.without.change': 'true', 'column.exclude.list': 'public.big.filler' },
    'alter table big replica identity full',
  ],
  [
    'a publication without updates',
    { 'publication.autocreate.mode': 'disabled' },
    "create publication dbz_publication for table big with (publish = 'insert,delete')",
  ],
])(
  'rows that moved to where all is done, and of which the stream says nothing, are not lost: %s',
  {
    timeout: 60_000,
  },
  async (_, more, statement) => {
    const many = 6000
    const props = {
      ...(await database(big, 'alter table big alter filler set storage plain', filled.replace(`${rows}`, `${many}`))),
      ...more,
    }
    if (statement !== '') await sql(props, statement)
    const offsets = new StoredOffsets()
    const first = await start(props, offsets, 3000)
    await first.until(() => first.held, 'the second chunk')
    await first.stop()
    expect(JSON.parse(String(offsets.stored!['snapshot_progress'])).begun[0].ranges[0][1]).toBe(`(${2 * chunk},0)`)
    // The new rows fill a block each: those that were done are free.
    await sql(
      props,
      'delete from big where id <= 1500',
      'vacuum big',
      "update big set filler = repeat('y', 7500) where id > 5000 and id <= 5100",
    )
    const second = await start(props, offsets)
    await second.until(() => second.logs.some(line => line.includes('snapshot is complete')), 'the end', 40_000)
    const read = new Set([...idsRead(first, 'big'), ...idsRead(second, 'big')])
    expect(read.size).toBe(many)
  },
)

test('a large value that the stream leaves out of an update is read with the row, wherever that moved', {
  timeout: 60_000,
}, async () => {
  const many = 6000
  const props = await database(
    big.replace('filler text', 'filler text, large text'),
    'alter table big alter filler set storage plain, alter large set storage external',
    `insert into big select g, 0, repeat('x', 600), repeat('z', 3000) from generate_series(1, ${many}) g`,
  )
  const offsets = new StoredOffsets()
  const first = await start(props, offsets, 3000)
  await first.until(() => first.held, 'the second chunk')
  await first.stop()
  // The new rows fill a block each: those that were done are free.
  await sql(
    props,
    'delete from big where id <= 1500',
    'vacuum big',
    "update big set v = 1, filler = repeat('y', 7500) where id > 5000 and id <= 5100",
  )
  const second = await start(props, offsets)
  await second.until(() => second.logs.some(line => line.includes('snapshot is complete')), 'the end', 40_000)
  const whole = new Set<number>()
  for (const { topic, value } of [...first.records, ...second.records]) {
    const { after } = (resolveLazy(value) ?? {}) as { after?: { id: number; large: string } | null }
    if (topic.endsWith('.public.big') && after?.large === 'z'.repeat(3000)) whole.add(after.id)
  }
  expect(whole.size).toBe(many)
  // Of the rows that were done only those are read again that were written to.
  const before = new Set(idsRead(first, 'big'))
  expect(idsRead(second, 'big').filter(id => before.has(id))).toEqual([])
})

test('without a primary key it begins anew, and says why', { timeout: 60_000 }, async () => {
  const props = await database(big.replace(' primary key', ' not null'), filled)
  const offsets = new StoredOffsets()
  const first = await start(props, offsets, 9500)
  await first.until(() => first.held, 'the fifth chunk')
  await first.stop()
  const second = await start(props, offsets)
  await second.until(() => idsRead(second, 'big').length === rows, 'all rows', 60_000)
  expect(second.logs.join('\n')).toContain('begins anew: public.big has no primary key')
})
