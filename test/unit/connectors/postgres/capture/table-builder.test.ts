import { expect, test } from 'vitest'
import { preparePublication } from '../../../../../connectors/postgres/capture/publication.ts'
import { TableBuilder, topicOf } from '../../../../../connectors/postgres/capture/table-builder.ts'
import { SourceHead } from '../../../../../connectors/postgres/records/source-block.ts'
import { type Config, config, readSettings } from '../../../../../connectors/postgres/settings/settings.ts'
import { TypeRegistry, typeRow } from '../../../../../connectors/postgres/types/type-registry.ts'
import type { PgConnection } from '../../../../../connectors/postgres/wire/pg-connection.ts'
import { s } from '../../../../../runtime/api/schema.ts'
import { parseConfig } from '../../../../../runtime/config/parse.ts'

const settingsOf = (props: Readonly<Record<string, string>>) => {
  const given = {
    'topic.prefix': 'p',
    'database.hostname': 'h',
    'database.user': 'u',
    'database.dbname': 'd',
    ...props,
  }
  return readSettings(parseConfig(config, given).config as Config, given).settings!
}
const types = new TypeRegistry(
  [
    ['23', 'int4', 'b', '0', '-1', '0', '0', '0', null],
    ['25', 'text', 'b', '0', '-1', '0', '0', '0', null],
    ['600', 'polygon', 'b', '0', '-1', '0', '0', '0', null],
  ].map(typeRow),
)
const column = (name: string, typeOid: number, notNull = false, expression?: string) => ({
  name,
  typeOid,
  typmod: -1,
  notNull,
  default: expression,
})
const table = {
  oid: 1,
  schema: 's',
  name: 't',
  columns: [
    column('id', 23, true, "nextval('q'::regclass)"),
    column('a', 25),
    column('shape', 600),
    column('hidden', 25),
  ],
  keyColumns: ['id'],
}

test('columns that are left out, or have no form', () => {
  const settings = settingsOf({ 'column.exclude.list': 's.t.(hidden|id)' })
  const builder = new TableBuilder(settings, new SourceHead('p', 'd'))
  // A key column is read even where rows do not show it.
  expect(builder.columnsToRead(table, types).map(({ name }) => name)).toEqual(['id', 'a'])
  const built = builder.build(table, table.columns, types, 'stream')
  expect(built.row.columns.map(({ name, place }) => [name, place])).toEqual([['a', 1]])
  expect(built.keySchema).toBe(s.struct({ id: s.int32({ default: 0 }) }, { name: 'p.s.t.Key' }))
  expect(built.envelopeSchema.field('after')!.schema).toBe(
    s.struct({ a: s.string({ optional: true }) }, { name: 'p.s.t.Value', optional: true }),
  )
})

test('keys of the user, tables without a key, columns that are gone from the catalog', () => {
  const chosen = new TableBuilder(settingsOf({ 'message.key.columns': 's.t:a,id,none' }), new SourceHead('p', 'd'))
  expect(chosen.keyColumns(table, table.columns)).toEqual(['a', 'id'])
  const builder = new TableBuilder(settingsOf({}), new SourceHead('p', 'd'))
  const keyless = builder.build({ ...table, keyColumns: [] }, table.columns, types, 'stream')
  expect([keyless.key, keyless.keySchema]).toEqual([undefined, null])
  const sent = [{ name: 'old', typeOid: 23, typmod: -1 }]
  expect(builder.build(table, sent, types, 'stream').envelopeSchema.field('after')!.schema.fields[0]!.schema).toBe(
    s.int32({ optional: true }),
  )
})

test('topics', () => {
  expect(topicOf(settingsOf({}), 'My Schema', 'ÄÖ')).toBe('p.My_Schema.__')
  const byTable = settingsOf({
    'topic.naming.strategy': 'io.debezium.schema.DefaultTopicNamingStrategy',
    'topic.delimiter': '-',
  })
  expect(topicOf(byTable, 's', 't')).toBe('p-t')
  expect(topicOf(settingsOf({}), 's', 'x'.repeat(300)).length).toBe(249)
})

test('publications: what is asked of the server', async () => {
  const run = async (
    props: Readonly<Record<string, string>>,
    existing: 'none' | 'filtered' | 'all',
    published: string[] = [],
  ) => {
    const asked: string[] = []
    const connection = {
      async query(sql: string) {
        if (/^(create|alter)/.test(sql)) asked.push(sql)
        const rows =
          sql.includes('from pg_publication ') && existing !== 'none' ? [[existing === 'all' ? '1' : '0', '0']] : []
        return { columns: [], rows: sql.includes('pg_publication_tables') ? published.map(name => ['s', name]) : rows }
      },
      async value() {
        return '0'
      },
    } as unknown as PgConnection
    const listed = [
      { oid: 1, schema: 's', name: 't"1', replicaIdentity: 'd', partitioned: false, hasLargeValues: false },
      { oid: 2, schema: 's', name: 'root', replicaIdentity: 'd', partitioned: true, hasLargeValues: false },
    ]
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    await preparePublication(connection, settingsOf(props), listed, log)
    return asked
  }
  const filtered = { 'publication.autocreate.mode': 'filtered' }
  expect(await run({}, 'none')).toEqual(['create publication "dbz_publication" for all tables'])
  expect(await run(filtered, 'none')).toEqual(['create publication "dbz_publication" for table "s"."t""1"'])
  expect(await run({ ...filtered, 'publish.via.partition.root': 'true', 'skipped.operations': 'c,t' }, 'none')).toEqual(
    [
      `create publication "dbz_publication" for table "s"."t""1", "s"."root" with (publish_via_partition_root = true, publish = 'update, delete')`,
    ],
  )
  expect(await run({ 'publication.autocreate.mode': 'no_tables' }, 'none')).toEqual([
    'create publication "dbz_publication"',
  ])
  expect(await run(filtered, 'filtered', ['t"1'])).toEqual([])
  expect(await run(filtered, 'filtered', ['other'])).toEqual([
    'alter publication "dbz_publication" set table "s"."t""1"',
  ])
  await expect(run(filtered, 'all')).rejects.toThrow(/cannot narrow/)
  await expect(run({ 'publication.autocreate.mode': 'disabled' }, 'none')).rejects.toThrow(/does not exist/)
})
