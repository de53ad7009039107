import { Client } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import source from '../../../connectors/postgres/source.ts'
import { resolveLazy, type SourceRecord } from '../../../runtime/api/index.ts'
import { type PostgresServer, startPostgres } from '../../../runtime/testing/postgres-server.ts'
import { sourceContract } from '../../../runtime/testing/source-contract.ts'

let postgres: PostgresServer
let sql: Client
beforeAll(async () => {
  postgres = await startPostgres()
  sql = new Client({ ...postgres })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await postgres.stop()
})

interface Change {
  readonly after: { readonly id: number } | null
}

describe.each(['initial', 'no_data'])('contract of the Postgres source, snapshot.mode=%s', mode => {
  let worlds = 0
  sourceContract({
    test: (title, run) => it(title, run),
    source,
    setup: async () => {
      const name = `${mode}_${worlds++}`
      await sql.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, note text)`)
      if (mode === 'no_data') {
        // Without a snapshot only what follows slot and publication is read: they have to be there first.
        await sql.query(`CREATE PUBLICATION ${name} FOR TABLE ${name}`)
        await sql.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`)
      }
      let next = 0
      return {
        config: {
          name,
          'database.hostname': postgres.host,
          'database.port': String(postgres.port),
          'database.user': postgres.user,
          'database.password': postgres.password,
          'database.dbname': postgres.database,
          'topic.prefix': name,
          'plugin.name': 'pgoutput',
          'slot.name': name,
          'publication.name': name,
          'publication.autocreate.mode': 'filtered',
          'table.include.list': `public.${name}`,
          'snapshot.mode': mode,
        },
        produce: async count => {
          for (; count > 0; count--) await sql.query(`INSERT INTO ${name} VALUES ($1, 'a row')`, [next++])
        },
        indexOf: (record: SourceRecord) => (resolveLazy(record.value) as Change | null)?.after?.id,
        close: async () => {
          await sql.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active')
          await sql.query(`DROP TABLE ${name}`)
        },
      }
    },
  })
})
