import { describe } from 'vitest'
import { s3OutageSuite } from '../../chaos/s3-outage-suite.ts'
import { useVersitygw, versitygw } from './versitygw.ts'

describe.skipIf(versitygw === undefined)('versitygw (npm run test:real brings it)', () => {
  s3OutageSuite(useVersitygw())
})
