import { isConfigError, type PluginContext } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import aiven from '../../../connectors/s3/aiven-sink.ts'
import confluent from '../../../connectors/s3/confluent-sink.ts'
import { parseConfig } from '../../../runtime/config/parse.ts'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { Bucket, confluentProps, openSink } from '../../support/s3-sink-run.ts'

let server: S3Server
let lake: Bucket
beforeAll(async () => {
  server = await startS3Server({ region: 'eu-central-1' })
  lake = await new Bucket(server).create()
})
afterAll(async () => {
  lake.client.destroy()
  await server.close()
})

const context = (): PluginContext & { signal: AbortSignal } => ({
  connector: 'sink',
  log: { debug() {}, info() {}, warn() {}, error() {} },
  originals: {},
  signal: new AbortController().signal,
})
const problemsOf = async (more: Readonly<Record<string, string>>) => {
  const { config, problems } = parseConfig(confluent.config, confluentProps(server, more))
  expect(problems).toEqual([])
  return confluent.validate!(config as never, context())
}

describe('validation', () => {
  it('finds nothing wrong with a bucket that is there', async () => {
    expect(await problemsOf({})).toEqual([])
  })

  it.each([
    [
      's3.bucket.name',
      { 's3.bucket.name': 'other' },
      /There is no bucket other at http.*create it, or correct s3\.bucket\.name/,
    ],
    ['aws.access.key.id', { 'aws.access.key.id': 'nobody' }, /does not know this access key/],
    [
      'aws.secret.access.key',
      { 'aws.secret.access.key': 'wrong-secret' },
      /refuses the signature: aws\.secret\.access\.key/,
    ],
    ['s3.region', { 's3.region': 'us-west-2' }, /lake is not in us-west-2: set s3\.region to eu-central-1/],
    ['store.url', { 'store.url': 'http://127.0.0.1:1' }, /Nothing answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/],
    ['store.url', { 'store.url': 'https://127.0.0.1:PORT' }, /TLS with https:.*check http or https in store\.url/],
  ])('says what is wrong with %s', async (key, more, message) => {
    const props = Object.fromEntries(
      Object.entries(more).map(([name, value]) => [name, value.replace('PORT', String(server.port))]),
    )
    const problems = await problemsOf(props)
    expect(problems).toEqual([{ key, message: expect.stringMatching(message) }])
    expect(JSON.stringify(problems)).not.toContain('wrong-secret')
  })

  it.each([
    ['s3.wan.mode', { 's3.wan.mode': 'true' }],
    ['behavior.on.null.values', { 'behavior.on.null.values': 'write' }],
    ['store.kafka.keys', { 'store.kafka.keys': 'true' }],
    ['store.kafka.headers', { 'store.kafka.headers': 'true' }],
    ['schema.compatibility', { 'schema.compatibility': 'BACKWARD' }],
    ['s3.schema.partition.affix.type', { 's3.schema.partition.affix.type': 'PREFIX' }],
    ['s3.proxy.url', { 's3.proxy.url': 'http://proxy' }],
    ['aws.access.key.id', { 'aws.access.key.id': '' }],
    ['s3.credentials.provider.class', { 's3.credentials.provider.class': 'com.example.Other' }],
    ['s3.sse.kms.key.id', { 's3.sse.kms.key.id': 'key' }],
    ['timezone', { 'rotate.schedule.interval.ms': '1000' }],
  ])('refuses what is not supported or does not go together: %s', async (key, more: Record<string, string>) => {
    expect((await problemsOf(more)).map(problem => problem.key)).toEqual([key])
    // A worker may open what was never validated.
    const refused = await openSink(confluent, confluentProps(server, more)).catch((error: unknown) => error)
    expect(isConfigError(refused)).toBe(true)
  })

  it('refuses formats that are not supported by their names', () => {
    const { problems } = parseConfig(
      confluent.config,
      confluentProps(server, { 'format.class': 'io.confluent.connect.s3.format.parquet.ParquetFormat' }),
    )
    expect(problems.map(problem => problem.message)).toEqual([expect.stringMatching(/JsonFormat.*ByteArrayFormat/)])
  })

  it.each([
    ['file.compression.type', { 'file.compression.type': 'snappy' }],
    ['format.output.type', { 'format.output.type': 'parquet' }],
    ['format.output.envelope', { 'format.output.envelope': 'false', 'format.output.fields': 'key,value' }],
    ['file.name.template', { 'file.name.template': '{{topic}}' }],
    ['aws.sts.role.arn', { 'aws.sts.role.arn': 'arn:aws:iam::1:role/x' }],
    ['aws.s3.bucket.name', { 'aws.s3.bucket.name': 'other' }],
  ])("of Aiven's settings finds %s", async (key, more: Record<string, string>) => {
    const { config } = parseConfig(aiven.config, {
      'aws.access.key.id': server.accessKeyId,
      'aws.secret.access.key': server.secretAccessKey,
      'aws.s3.bucket.name': 'lake',
      'aws.s3.region': server.region,
      'aws.s3.endpoint': server.url,
      ...more,
    })
    expect((await aiven.validate!(config as never, context())).map(problem => problem.key)).toEqual([key])
  })
})
