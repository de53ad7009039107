// The test kit's S3 server as a process of its own, so that it takes no time from whoever counts.
import { startS3Server } from '../../../runtime/testing/s3-server/server.ts'

const [dir, port] = process.argv.slice(2)
const server = await startS3Server({
  dir: dir!,
  port: Number(port),
  accessKeyId: 'bench',
  secretAccessKey: 'benchbench',
})
console.log(`S3 at ${server.url}`)
process.once('SIGTERM', () => void server.close())
