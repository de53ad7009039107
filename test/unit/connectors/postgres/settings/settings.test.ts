import { describe, expect, test } from 'vitest'
import { failure, isPassing } from '../../../../../connectors/postgres/failures.ts'
import { captureConfig } from '../../../../../connectors/postgres/settings/capture-config.ts'
import { choicesOf } from '../../../../../connectors/postgres/settings/choices.ts'
import { connectionConfig } from '../../../../../connectors/postgres/settings/connection-config.ts'
import { eventConfig } from '../../../../../connectors/postgres/settings/event-config.ts'
import { Filters, keyColumnsPattern } from '../../../../../connectors/postgres/settings/filters.ts'
import { jvmConfig } from '../../../../../connectors/postgres/settings/jvm-config.ts'
import { listItems, wholeName } from '../../../../../connectors/postgres/settings/patterns.ts'
import { type Config, config, readSettings } from '../../../../../connectors/postgres/settings/settings.ts'
import { ConnectionLost, PgError } from '../../../../../connectors/postgres/wire/pg-error.ts'
import { isRetriable } from '../../../../../runtime/api/errors.ts'
import { parseConfig } from '../../../../../runtime/config/parse.ts'

const least = {
  'topic.prefix': 'p',
  'database.hostname': 'h',
  'database.user': 'u',
  'database.password': 'hush',
  'database.dbname': 'd',
}
const read = (props: Readonly<Record<string, string>>) => {
  const given: Record<string, string> = { ...least, ...props }
  const parsed = parseConfig(config, given)
  expect(parsed.problems).toEqual([])
  return readSettings(parsed.config as Config, given)
}
const problems = (props: Readonly<Record<string, string>>) =>
  read(props).problems.map(({ key, message }) => `${key}: ${message}`)

test('the least that must be given', () => {
  const { settings } = read({})
  expect(settings).toMatchObject({
    prefix: 'p',
    snapshotMode: 'initial',
    flushMode: 'connector',
    mismatch: 'no_validation',
  })
  expect(settings!.connect).toMatchObject({ host: 'h', port: 5432, sslMode: 'prefer' })
  expect([...settings!.skipped]).toEqual(['t'])
  expect(JSON.stringify(settings)).not.toContain('hush')
})

test('choices, whatever their case', () => {
  expect(read({ 'snapshot.mode': 'NO_DATA', 'decimal.handling.mode': 'String' }).settings).toMatchObject({
    snapshotMode: 'no_data',
    modes: { decimal: 'string' },
  })
  expect(problems({ 'decimal.handling.mode': 'exact' })).toEqual([
    "decimal.handling.mode: The 'decimal.handling.mode' value is invalid: Value must be one of double, precise, string",
  ])
  const choices = { ...connectionConfig, ...captureConfig, ...eventConfig }
  expect(Object.values(choices).filter(field => choicesOf.has(field)).length).toBeGreaterThan(10)
})

test('older names', () => {
  expect(read({ 'flush.lsn.source': 'false' }).settings!.flushMode).toBe('manual')
  expect(read({ 'table.whitelist': 'a.b' }).settings!.filters.table('a', 'c')).toBe(false)
})

test.each(
  Object.entries({
    'signal.data.collection': 'a',
    converters: 'x',
    'snapshot.mode': 'custom',
    'plugin.name': 'wal2json',
    'database.sslfactory': 'x.Y',
    'topic.naming.strategy': 'x.Y',
    'lsn.flush.mode': 'bad',
    'slot.name': 'Bad-Slot',
    'skipped.operations': 'x',
    'message.key.columns': 'nonsense',
    'table.include.list': 'a(',
    'replica.identity.autoset.values': 'a.b:FULL,a.c:INDEX',
  }),
)('%s=%s is refused', (key, value) => {
  const found = problems({ [key]: value })
  expect(found.length).toBe(1)
  expect(found[0]!.startsWith(key)).toBe(true)
})

test('operations that are skipped: reads may be named, and none stands alone', () => {
  expect(problems({ 'skipped.operations': 'r,t' })).toEqual([])
  expect(problems({ 'skipped.operations': 'none,c' })[0]).toMatch(/'none' cannot be specified with other/)
})

test.each(['snapshot.mode', 'snapshot.query.mode', 'snapshot.locking.mode'])('%s=custom is refused', mode => {
  const [missing] = problems({ [mode]: 'custom' })
  expect(missing).toContain(`${mode}.custom.name cannot be empty when ${mode} 'custom' is defined`)
  const [refused] = problems({ [mode]: 'custom', [`${mode}.custom.name`]: 'com.example.X' })
  expect(refused).toMatch(new RegExp(`^${mode}[^.]`))
})

test('signals and notifications', () => {
  const { settings } = read({
    'signal.data.collection': 'other."sig.nals"',
    'table.include.list': 'a.b',
    'signal.enabled.channels': 'SOURCE, file, jmx',
    'incremental.snapshot.watermarking.strategy': 'insert_delete',
    'notification.enabled.channels': 'log,sink,x',
    'notification.sink.topic.name': 'told',
  })
  expect(settings!.signals).toMatchObject({
    table: { schema: 'other', name: 'sig.nals' },
    fromTable: true,
    file: 'file-signals.txt',
    watermarks: 'insert_delete',
    chunkSize: 1024,
    notifyTopic: 'told',
    notifyLog: true,
    unknownChannels: ['jmx', 'x'],
  })
  const { filters } = settings!
  expect(filters.table('other', 'sig.nals')).toBe(true)
  expect(filters.table('other', 'x')).toBe(false)
  expect(filters.inSnapshot('other', 'sig.nals')).toBe(false)
  expect(filters.inSnapshot('a', 'b')).toBe(true)
  expect(read({ 'signal.data.collection': 'db.s.t', 'read.only': 'true' }).settings!.signals).toMatchObject({
    table: { schema: 's', name: 't' },
    watermarks: 'none',
  })
  expect(read({}).settings!.signals).toMatchObject({ table: undefined, file: undefined, notifyTopic: undefined })
  expect(problems({ 'notification.enabled.channels': 'sink' })).toEqual([
    "notification.sink.topic.name: The 'notification.sink.topic.name' value is invalid: Notification topic name must be provided when kafka notification channel is enabled",
  ])
  expect(problems({ 'signal.enabled.channels': 'kafka' })[0]).toContain('signal.kafka.bootstrap.servers')
  const kafka = { 'signal.enabled.channels': 'kafka', 'signal.kafka.bootstrap.servers': 'k:1' }
  expect(read({ ...kafka, 'signal.consumer.security.protocol': 'SSL' }).settings!.signals.kafka).toEqual({
    topic: 'p-signal',
    groupId: 'kafka-signal',
    settings: { 'bootstrap.servers': 'k:1', 'security.protocol': 'SSL' },
  })
  expect(problems({ 'signal.data.collection': 'a.b,c.d' })[0]).toContain('Only one table')
})

test('what is of the JVM says so: it has no effect, or is refused', () => {
  for (const field of Object.values(jvmConfig))
    expect(field.doc).toMatch(/^Has no effect|cannot be used|only|no effect/)
  expect(problems({ converters: 'x', 'x.type': 'com.example.X' })[0]).toMatch(/converters.*cannot be used here/)
  expect(problems({ 'sourceinfo.struct.maker': 'com.example.X' })[0]).toMatch(/com\.example\.X.*remove the setting/)
  expect(problems({ 'transaction.metadata.factory': 'com.example.X' })[0]).toMatch(/com\.example\.X/)
  expect(problems({ 'custom.metric.tags': 'a=1,b' })[0]).toMatch(/k1=v1,k2=v2/)
})

describe('post processors', () => {
  const type = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor'

  test('read their settings, with the defaults of Debezium', () => {
    expect(read({}).settings!.reselects).toEqual([])
    const [plain, chosen] = read({
      'post.processors': 'a, b',
      'a.type': type,
      'b.type': type,
      'b.reselect.columns.include.list': 'public.T:x,other\\..*:y',
      'b.reselect.null.values': 'false',
      'b.reselect.use.event.key': 'TRUE',
      'b.reselect.error.handling.mode': 'Fail',
    }).settings!.reselects
    expect(plain).toMatchObject({ unavailable: true, nulls: true, byEventKey: false, failOnError: false })
    expect(plain!.wanted('any', 'table', 'column')).toBe(true)
    expect(chosen).toMatchObject({ unavailable: true, nulls: false, byEventKey: true, failOnError: true })
    expect(chosen!.wanted('public', 't', 'x')).toBe(true)
    expect(chosen!.wanted('public', 't', 'x2')).toBe(false)
    expect(chosen!.wanted('other', 'any', 'y')).toBe(true)
    const [rest] = read({ 'post.processors': 'a', 'a.type': type, 'a.reselect.columns.exclude.list': 'public.t:x' })
      .settings!.reselects
    expect([rest!.wanted('public', 't', 'x'), rest!.wanted('public', 't', 'y')]).toEqual([false, true])
  })

  test.each([
    [{}, /'a\.type' value is invalid: the class of the post processor is missing; the only one is io\.debezium/],
    [{ 'a.type': 'com.example.X' }, /com\.example\.X cannot be used here/],
    [{ 'a.type': type, 'a.reselect.null.values': 'maybe' }, /a\.reselect\.null\.values.*neither true nor false/],
    [{ 'a.type': type, 'a.reselect.error.handling.mode': 'skip' }, /must be one of fail, warn/],
    [{ 'a.type': type, 'a.reselect.columns.include.list': '(' }, /a\.reselect\.columns\.include\.list/],
  ])('that cannot be: %j', (given, message) => {
    expect(problems({ 'post.processors': 'a', ...given })[0]).toMatch(message)
  })
})

test('queries of the user', () => {
  const { settings } = read({
    'snapshot.select.statement.overrides': 'a.b,c.d',
    'snapshot.select.statement.overrides.a.b': 'select * from a.b where x;',
    'database.initial.statements': "set a='x;;y';set b=1",
    'slot.stream.params': 'origin=none;x=1',
  })
  expect(settings!.selectOverrides.get('a.b')).toBe('select * from a.b where x')
  expect(settings!.missingOverrides).toEqual(['c.d'])
  expect(settings!.initialStatements).toBe("set a='x;y';\nset b=1")
  expect([...settings!.streamParams]).toEqual([
    ['origin', 'none'],
    ['x', '1'],
  ])
})

describe('patterns', () => {
  test.each([
    ['sales\\..*', 'SALES.Orders', true],
    ['sales.orders', 'sales.orders2', false],
    ['public\\.t\\d{1,3}', 'public.t12', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['\\Qa.b\\E', 'axb', false],
    ['(?i)A\\.B', 'a.b', true],
    ['public.[\\p{Alpha}_]+', 'public.ab_c', true],
    ['\\p{Digit}+', '12', true],
    ['a|b', 'xb', false],
  ])('%s and %s', (pattern, name, matches) => {
    expect(wholeName(pattern).test(name)).toBe(matches)
  })

  test('what has no counterpart is an error', () => {
    expect(() => wholeName('a*+b')).toThrow(/possessive/)
    expect(() => wholeName('*bad(')).toThrow(/Dangling meta character '\*' near index 0/)
  })

  test('lists', () => {
    expect(listItems(['a', 'b\\', 'c', ' '])).toEqual(['a', 'b,c'])
    expect(listItems(undefined)).toEqual([])
  })
})

test('filters', () => {
  const none = {
    schemaIncludeList: undefined,
    schemaExcludeList: undefined,
    tableIncludeList: undefined,
    tableExcludeList: undefined,
    columnIncludeList: undefined,
    columnExcludeList: undefined,
    messagePrefixIncludeList: undefined,
    messagePrefixExcludeList: undefined,
    snapshotIncludeCollectionList: undefined,
    tableIgnoreBuiltin: true,
    messageKeyColumns: undefined,
  }
  const all = new Filters(none)
  expect(all.table('a', 'b')).toBe(true)
  expect(all.table('pg_catalog', 'pg_class')).toBe(false)
  expect(all.table('public', 'spatial_ref_sys')).toBe(false)
  const some = new Filters({
    ...none,
    schemaExcludeList: ['hr'],
    tableIncludeList: ['hr.*', 'z\\.t', 'a\\..*'],
    columnExcludeList: ['a.b.secret'],
    snapshotIncludeCollectionList: ['a.b'],
    messageKeyColumns: 'a.b:x,y;(.*).c:z',
    messagePrefixExcludeList: ['no.*'],
  })
  expect([some.table('hr', 'p'), some.table('z', 't'), some.table('b', 'c')]).toEqual([false, true, false])
  expect([some.column('a', 'b', 'secret'), some.column('a', 'b', 'open')]).toEqual([false, true])
  expect([some.inSnapshot('a', 'b'), some.inSnapshot('z', 't')]).toEqual([true, false])
  expect([some.keyColumns('a', 'b'), some.keyColumns('x', 'c'), some.keyColumns('x', 'y')]).toEqual([
    ['x', 'y'],
    ['z'],
    undefined,
  ])
  expect([some.messagePrefix('none'), some.messagePrefix('yes')]).toEqual([false, true])
  expect(new Filters({ ...none, tableIncludeList: ['z.*', 'a.*'] }).place('a', 't')).toBe(1)
  expect(keyColumnsPattern.test('a:b,c')).toBe(true)
})

test('what passes and what does not', () => {
  const { settings } = read({ 'errors.max.retries': '2', 'retriable.restart.connector.wait.ms': '7' })
  const pg = (code: string, text = 'x') =>
    new PgError(
      new Map([
        ['V', 'FATAL'],
        ['C', code],
        ['M', text],
      ]),
    )
  expect([
    isPassing(pg('57P01')),
    isPassing(pg('28P01')),
    isPassing(new ConnectionLost('x')),
    isPassing(new Error('x')),
  ]).toEqual([true, false, true, false])
  const retriable = failure(pg('57P01', 'terminating'), settings!, 2)
  expect(isRetriable(retriable) && retriable.retryAfterMs).toBe(7)
  expect(retriable.message).toBe('PostgreSQL at h:5432 says: FATAL: terminating')
  expect(isRetriable(failure(pg('57P01'), settings!, 3))).toBe(false)
  expect(failure(pg('53400', 'all replication slots are in use'), settings!, 1).message).toMatch(
    /raise max_replication_slots/,
  )
  expect(failure(pg('55000', 'requires "wal_level" >= "logical"'), settings!, 1).message).toMatch(
    /set wal_level=logical/,
  )
})
