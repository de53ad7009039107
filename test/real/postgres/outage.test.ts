import { describe } from 'vitest'
import { postgresOutageSuite } from '../../chaos/postgres-outage-suite.ts'
import { postgresBin, startInstalledPostgres } from '../../support/installed-postgres.ts'

describe.skipIf(postgresBin === undefined)('an installed PostgreSQL (npm run test:real brings version 15)', () => {
  postgresOutageSuite(settings => startInstalledPostgres(postgresBin!, settings))
})
