import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { versitygwProgram } from '../paths.ts'
import { startChild, untilUp } from '../processes.ts'
import { freePorts } from './ports.ts'

const bucket = 'bench'
const credentials = { accessKeyId: 'bench', secretAccessKey: 'benchbench' }

export interface S3Part {
  /** versitygw, or the test kit's server. */
  readonly kind: 'versitygw' | 'millrace'
  /** Settings of a sink that say where it is. */
  readonly connection: Readonly<Record<string, string>>
  /** Resolves to the time (ms since the epoch, up to 100 ms late) at which `objects` objects were under the prefix. */
  arrived(prefix: string, objects: number, check: () => Promise<void>): Promise<number>
  /** Reads all objects under the prefix: lines, different ids among them, bytes as stored. */
  read(prefix: string, idOf: (line: unknown) => number): Promise<Content>
  remove(prefix: string): Promise<void>
  stop(): Promise<void>
}

export interface Content {
  readonly lines: number
  readonly ids: number
  readonly bytes: number
}

export async function startObjectStore(folder: string): Promise<S3Part> {
  const data = join(folder, 'buckets')
  await mkdir(data, { recursive: true })
  const [port] = await freePorts(1)
  const endpoint = `http://127.0.0.1:${port}`
  const gateway = versitygwProgram()
  const command =
    gateway === undefined
      ? [process.execPath, fileURLToPath(new URL('s3-process.ts', import.meta.url)), data, String(port)]
      : [gateway, '--port', `127.0.0.1:${port}`, 'posix', data]
  const child = await startChild(command, join(folder, 's3.log'), {
    ROOT_ACCESS_KEY: credentials.accessKeyId,
    ROOT_SECRET_KEY: credentials.secretAccessKey,
  })
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  await untilUp(child, 'The S3 server', 30_000, 50, () =>
    client.send(new CreateBucketCommand({ Bucket: bucket })).catch(error => {
      // It does not listen yet.
      if (error.code === 'ECONNREFUSED' || error.name === 'TimeoutError') return undefined
      throw error
    }),
  )
  const keys = async (prefix: string): Promise<string[]> => {
    const found: string[] = []
    let token: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      )
      found.push(...(page.Contents ?? []).map(({ Key }) => Key!))
      token = page.NextContinuationToken
    } while (token !== undefined)
    return found
  }
  return {
    kind: gateway === undefined ? 'millrace' : 'versitygw',
    connection: {
      'store.url': endpoint,
      's3.bucket.name': bucket,
      's3.region': 'us-east-1',
      'aws.access.key.id': credentials.accessKeyId,
      'aws.secret.access.key': credentials.secretAccessKey,
    },
    async arrived(prefix, objects, check) {
      let seen = -1
      let moved = Date.now()
      for (let turn = 0; ; turn++) {
        const count = (await keys(prefix)).length
        const now = Date.now()
        if (count >= objects) return now
        if (count !== seen) {
          seen = count
          moved = now
        }
        if (now - moved > 120_000)
          throw new Error(`${count} of ${objects} objects are under ${prefix}, and none came for 120 s`)
        if (turn % 20 === 19) await check()
        await delay(100)
      }
    },
    async read(prefix, idOf) {
      const ids = new Set<number>()
      let lines = 0
      let bytes = 0
      for (const key of await keys(prefix)) {
        const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
        const stored = await object.Body!.transformToByteArray()
        bytes += stored.length
        for (const line of gunzipSync(stored).toString('utf8').split('\n')) {
          if (line === '') continue
          lines++
          ids.add(idOf(JSON.parse(line)))
        }
      }
      return { lines, ids: ids.size, bytes }
    },
    async remove(prefix) {
      const found = await keys(prefix)
      for (let from = 0; from < found.length; from += 1000) {
        const Objects = found.slice(from, from + 1000).map(Key => ({ Key }))
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
      }
    },
    async stop() {
      client.destroy()
      await child.stop()
    },
  }
}
