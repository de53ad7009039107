import { afterAll, beforeAll, describe } from 'vitest'
import { type S3Server, startS3Server } from '../../runtime/testing/s3-server/server.ts'
import { s3OutageSuite } from './s3-outage-suite.ts'

describe("the test kit's S3 server", () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server()
  })
  afterAll(() => server.close())
  s3OutageSuite(() => server)
})
