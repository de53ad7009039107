import { describe } from 'vitest'
import { s3Suite } from '../../contract/s3/s3-suite.ts'
import { useVersitygw, versitygw } from './versitygw.ts'

// The same suite that our own S3 server passes: what it proves there is S3's behaviour, not only ours.
describe.skipIf(versitygw === undefined)('versitygw (set MILLRACE_VERSITYGW to its binary)', () => {
  const server = useVersitygw()
  s3Suite(() => server())
})
