import { afterAll, beforeAll, describe } from 'vitest'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { s3Suite } from './s3-suite.ts'

describe("the test kit's S3 server", () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server({ region: 'eu-central-1' })
  })
  afterAll(() => server.close())
  s3Suite(() => server)
})
