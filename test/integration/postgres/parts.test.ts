import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalog } from '../../../connectors/postgres/capture/catalog.ts'
import { preparePublication, setReplicaIdentities } from '../../../connectors/postgres/capture/publication.ts'
import { oldestServer } from '../../../connectors/postgres/capture/server-check.ts'
import { Sessions } from '../../../connectors/postgres/capture/sessions.ts'
import { createSlot, findSlot } from '../../../connectors/postgres/capture/slot.ts'
import { SlotGuard } from '../../../connectors/postgres/capture/slot-guard.ts'
import { Snapshot } from '../../../connectors/postgres/capture/snapshot.ts'
import { TableBuilder } from '../../../connectors/postgres/capture/table-builder.ts'
import { isPassing } from '../../../connectors/postgres/failures.ts'
import { SourceHead } from '../../../connectors/postgres/records/source-block.ts'
import { Decoder } from '../../../connectors/postgres/replication/decoder.ts'
import { ReplicationStream } from '../../../connectors/postgres/replication/replication-stream.ts'
import { startPosition } from '../../../connectors/postgres/replication/start-position.ts'
import { type Config, config, readSettings, type Settings } from '../../../connectors/postgres/settings/settings.ts'
import source from '../../../connectors/postgres/source.ts'
import { serverProblems } from '../../../connectors/postgres/validate.ts'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import { parseConfig } from '../../../runtime/config/parse.ts'
import { sourceContract } from '../../../runtime/testing/source-contract.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { TestPostgres } from '../../support/postgres.ts'

let server: TestPostgres
let count = 0
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '40', max_wal_senders: '40' })
})
afterAll(() => server?.stop())

const log = { debug() {}, info() {}, warn() {}, error() {} }
const settingsOf = (props: Readonly<Record<string, string>>): Settings =>
  readSettings(parseConfig(config, props).config as Config, props).settings!

describe('the contract of sources', () => {
  sourceContract({
    test,
    source: source as never,
    setup: async () => {
      const props = await server.database(`contract_${++count}`, 'create table t (id int primary key)')
      let made = 0
      return {
        config: props,
        async produce(more) {
          await server.run(
            props['database.dbname']!,
            `insert into t select generate_series(${made}, ${made + more - 1})`,
          )
          made += more
        },
        indexOf: record => (resolveLazy(record.value) as { after: { id: number } | null } | null)?.after?.id,
        // The server drops databases with live slots by itself only when it ends.
      }
    },
  })
})

test('a snapshot whose connection has ended is a matter of trying again, not of the settings', async () => {
  const props = await server.database('forgotten', 'create table a (id int primary key)')
  const settings = settingsOf(props)
  const sessions = new Sessions(settings)
  const replication = await sessions.replication()
  const { consistentPoint, snapshot } = await createSlot(replication, 'forgotten', { temporary: true, failover: false })
  const admin = await sessions.query()
  sessions.close(replication)
  await expect.poll(() => findSlot(admin, 'forgotten')).toBeUndefined()
  const builder = new TableBuilder(settings, new SourceHead('p', 'd'))
  const parts = { settings, builder, partition: {}, headers: [], log, progress() {} }
  const reading = new Snapshot(parts, await sessions.query(), { lsn: consistentPoint, txId: 1, tsMicros: 1 })
  await expect(reading.begin(snapshot)).rejects.toSatisfy(isPassing)
  sessions.closeAll()
})

test('the catalog: tables, keys, defaults, types', async () => {
  const props = await server.database(
    'catalog',
    "create type mood as enum ('b', 'a')",
    'create domain price as numeric(8,2) not null',
    `create table one (id serial, m mood default 'a', p price, gone int, g int generated always as (1) stored, primary key (m, id))`,
    'alter table one drop column gone',
    'create table two (a int, b int)',
    'create unique index z_two on two (b)',
    'create unique index a_two on two (a) where a > 5',
    'create table three (a int, b int)',
    'create table parted (a int) partition by range (a)',
    'create view seen as select 1',
  )
  const sessions = new Sessions(settingsOf(props))
  const catalog = new Catalog(await sessions.query())
  const tables = await catalog.tables()
  expect(
    tables.filter(({ schema }) => schema === 'public').map(({ name, partitioned }) => [name, partitioned]),
  ).toEqual([
    ['one', false],
    ['parted', true],
    ['three', false],
    ['two', false],
  ])
  const described = await catalog.describe([...tables.map(({ oid }) => oid), 4_000_000_000])
  const named = new Map([...described.values()].map(table => [table.name, table]))
  expect(named.get('one')!.keyColumns).toEqual(['m', 'id'])
  expect(named.get('two')!.keyColumns).toEqual(['b'])
  expect(named.get('three')!.keyColumns).toEqual([])
  expect(named.get('one')!.columns.map(column => [column.name, column.notNull, column.default])).toEqual([
    ['id', true, "nextval('one_id_seq'::regclass)"],
    ['m', true, "'a'::mood"],
    ['p', false, undefined],
    ['g', false, undefined],
  ])
  const types = await catalog.types()
  const column = (name: string) => named.get('one')!.columns.find(candidate => candidate.name === name)!
  expect(types.resolve(column('m').typeOid, -1).enumLabels).toEqual(['b', 'a'])
  expect(types.resolve(column('p').typeOid, -1)).toMatchObject({ name: 'numeric', notNull: true })
  sessions.closeAll()
})

test('a publication that goes while the connector streams is told of, once each time', async () => {
  const props = await server.database('unpublished', 'create table a (id int primary key)', 'create publication p')
  const settings = settingsOf({ ...props, 'publication.name': 'p' })
  const sessions = new Sessions(settings)
  const admin = await sessions.query()
  const told = recordingLog()
  const guard = new SlotGuard({
    settings,
    log: told,
    signal: new AbortController().signal,
    connect: () => sessions.query(),
    close: connection => sessions.close(connection),
    gauge: () => {},
  })
  await guard.look(admin)
  expect(told.lines).toEqual([])
  for (const times of [1, 2]) {
    await admin.query('drop publication p')
    await guard.look(admin)
    await guard.look(admin)
    expect(told.lines.map(({ level }) => level)).toEqual(Array(times).fill('error'))
    await admin.query('create publication p')
    await guard.look(admin)
  }
  expect(told.lines[0]!.message).toMatch(/^The publication p does not exist any more: .* restart the connector/)
  sessions.closeAll()
})

test('slots and publications', async () => {
  const props = await server.database('objects', 'create table a (id int primary key)', 'create table b (id int)')
  const settings = settingsOf({ ...props, 'publication.autocreate.mode': 'filtered', 'table.include.list': 'public.a' })
  const sessions = new Sessions(settings)
  const admin = await sessions.query()
  const catalog = new Catalog(admin)
  const captured = async () =>
    (await catalog.tables()).filter(({ schema, name }) => settings.filters.table(schema, name))
  await preparePublication(admin, settings, await captured(), log)
  await preparePublication(admin, settings, await captured(), log)
  expect((await admin.query('select tablename from pg_publication_tables')).rows).toEqual([['a']])
  const identities = settingsOf({ ...props, 'replica.identity.autoset.values': 'public.a:FULL' })
  await setReplicaIdentities(admin, identities, await captured(), log)
  expect((await captured())[0]!.replicaIdentity).toBe('f')
  // One that cannot be set is told of, and the others are set: Debezium starts as well.
  const missing = settingsOf({ ...props, 'replica.identity.autoset.values': 'public.a:INDEX nope,public.a:NOTHING' })
  const told = recordingLog()
  await setReplicaIdentities(admin, missing, await captured(), told)
  expect((await captured())[0]!.replicaIdentity).toBe('n')
  expect(told.lines.find(({ level }) => level === 'error')?.message).toMatch(
    /"public"\."a" stays as it is, and INDEX is wanted .*index "nope" for table "a" does not exist/,
  )

  expect(await findSlot(admin, 'objects')).toBeUndefined()
  const replication = await sessions.replication()
  const { consistentPoint, snapshot } = await createSlot(replication, 'objects', { temporary: true, failover: false })
  expect(consistentPoint).toBeGreaterThan(0)
  expect(await findSlot(admin, 'objects')).toMatchObject({ plugin: 'pgoutput', database: 'objects', active: true })

  await admin.query('insert into a values (1)')
  const builder = new TableBuilder(settings, new SourceHead('p', 'd'))
  const parts = { settings, builder, partition: {}, headers: [], log, progress() {} }
  const reading = new Snapshot(parts, await sessions.query(), { lsn: consistentPoint, txId: 1, tsMicros: 1 })
  await reading.begin(snapshot)
  // Its instant is that of the slot: before the row.
  for await (const batch of reading.read()) expect(batch).toEqual([])

  const decoder = new Decoder(settings, new SourceHead('p', 'd'), {}, [], startPosition({ lsn: consistentPoint }))
  const abort = new AbortController()
  const stream = new ReplicationStream({
    settings: settingsOf({ ...props, 'slot.name': 'objects' }),
    connection: replication,
    decoder,
    signal: abort.signal,
    log,
    async relation(message) {
      const described = (await catalog.describe([message.oid])).get(message.oid)!
      decoder.setTable(message.oid, builder.build(described, message.columns, await catalog.types(), 'stream'))
    },
    heartbeat: () => Promise.reject(new Error('none is asked for')),
    silent: () => {
      throw new Error('none is asked for')
    },
  })
  await stream.start(consistentPoint, 0)
  for await (const batch of stream.read()) {
    expect(batch.map(record => resolveLazy(record.key))).toEqual([{ id: 1 }])
    break
  }
  stream.stop()
  sessions.end()
  await expect(sessions.query()).rejects.toThrow(/stopped/)
  sessions.closeAll()
  expect(await serverProblems(settings, new AbortController().signal)).toEqual([])
  expect(oldestServer).toBe(120000)
})
