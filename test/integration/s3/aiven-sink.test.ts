import { s } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import sink from '../../../connectors/s3/aiven-sink.ts'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { sinkContract } from '../../../runtime/testing/sink-contract.ts'
import { Bucket, bucket, openSink, recordsOf } from '../../support/s3-sink-run.ts'

let server: S3Server
let lake: Bucket
beforeEach(async () => {
  server = await startS3Server()
  lake = await new Bucket(server).create()
})
afterEach(async () => {
  lake.client.destroy()
  await server.close()
})

const props = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'aws.access.key.id': server.accessKeyId,
  'aws.secret.access.key': server.secretAccessKey,
  'aws.s3.bucket.name': bucket,
  'aws.s3.region': server.region,
  'aws.s3.endpoint': server.url,
  'format.output.type': 'jsonl',
  'aws.s3.backoff.delay.ms': '5',
  'kafka.retry.backoff.ms': '20',
  ...more,
})
const at = (offset: number) => [{ topic: 'orders', partition: 0, offset }]
const written = async (more: Record<string, string>, records = recordsOf(0, 3)) => {
  const run = await openSink(sink, props(more))
  await run.task.assigned?.(at(0))
  await run.task.write(records)
  const end = records.at(-1)!.offset + 1
  expect(await run.task.flush?.(at(end))).toEqual(at(end))
  await run.task.close?.()
  return run
}

describe("objects of Aiven's sink", () => {
  it('end with each commit, and are named by topic, partition and first offset', async () => {
    const run = await openSink(sink, props())
    await run.task.assigned?.(at(0))
    await run.task.write(recordsOf(0, 2))
    expect(await run.task.flush?.(at(2))).toEqual(at(2))
    await run.task.write(recordsOf(2, 5))
    expect(await run.task.flush?.(at(5))).toEqual(at(5))
    await run.task.close?.()
    expect(await lake.keys()).toEqual(['orders-0-0.gz', 'orders-0-2.gz'])
    expect(await lake.text('orders-0-2.gz')).toBe(
      '{"value":{"offset":2}}\n{"value":{"offset":3}}\n{"value":{"offset":4}}',
    )
  })

  it('hold at most file.max.records', async () => {
    await written({ 'file.max.records': '2', 'file.compression.type': 'zstd' })
    expect(await lake.keys()).toEqual(['orders-0-0.zst', 'orders-0-2.zst'])
    expect(await lake.text('orders-0-0.zst')).toBe('{"value":{"offset":0}}\n{"value":{"offset":1}}')
  })

  it('take the old spellings of settings', async () => {
    const run = await openSink(sink, {
      aws_access_key_id: server.accessKeyId,
      aws_secret_access_key: server.secretAccessKey,
      aws_s3_bucket: bucket,
      aws_s3_region: server.region,
      aws_s3_endpoint: server.url,
      aws_s3_prefix: 'old/',
      output_compression: 'none',
      output_fields: 'offset',
    })
    await run.task.assigned?.(at(0))
    await run.task.write(recordsOf(0, 2))
    await run.task.flush?.(at(2))
    await run.task.close?.()
    expect(await lake.keys()).toEqual(['old/orders-0-00000000000000000000'])
    expect(await lake.text('old/orders-0-00000000000000000000')).toBe('0\n1')
  })

  it('hold all fields in their order as JSON lines', async () => {
    const headers = [{ key: 'h', schema: s.string(), value: 'v' }]
    const record = () => ({ key: 'k', keySchema: s.string(), headers, timestamp: 1577836801000 })
    await written(
      { 'format.output.fields': 'key,value,offset,timestamp,headers', 'file.compression.type': 'none' },
      recordsOf(7, 8, record),
    )
    expect(await lake.text('orders-0-7')).toBe(
      '{"key":"k","value":{"offset":7},"offset":7,"timestamp":"2020-01-01T00:00:01Z","headers":[{"key":"h","value":"v"}]}',
    )
  })

  it('hold a JSON array, bare values without the envelope', async () => {
    await written({
      'format.output.type': 'json',
      'format.output.envelope': 'false',
      'file.compression.type': 'none',
    })
    expect(await lake.text('orders-0-0')).toBe('[\n{"offset":0},\n{"offset":1},\n{"offset":2}\n]')
  })

  it('hold csv, nothing quoted, bytes in base64', async () => {
    const record = (offset: number) => ({
      key: 'k',
      value: offset === 1 ? null : Buffer.from(`v${offset}`),
      timestamp: 5,
      headers: [{ key: 'h', schema: s.bytes(), value: Buffer.from('x') }],
    })
    await written(
      {
        'format.output.type': 'csv',
        'format.output.fields': 'key,value,offset,timestamp,headers',
        'file.compression.type': 'none',
      },
      recordsOf(0, 2, record),
    )
    expect(await lake.text('orders-0-0')).toBe('aw==,djA=,0,5,aA==:eA==;\naw==,,1,5,aA==:eA==;')
  })

  it('refuse values that csv cannot hold, one by one', async () => {
    const run = await written({ 'format.output.type': 'csv' }, [
      ...recordsOf(0, 1),
      ...recordsOf(1, 2, () => ({ value: Buffer.from('x') })),
    ])
    expect(run.rejected.map(({ record }) => record.offset)).toEqual([0])
    expect(await lake.text('orders-0-1.gz')).toBe('eA==')
  })

  it('are spread by the time in their name', async () => {
    await written(
      {
        'file.name.template': '{{timestamp:unit=yyyy}}/{{topic}}-{{partition}}-{{start_offset}}',
        'file.name.timestamp.source': 'event',
        'file.compression.type': 'none',
      },
      recordsOf(0, 3, offset => ({ timestamp: Date.UTC(2020 + (offset % 2), 0) })),
    )
    expect(await lake.keys()).toEqual(['2020/orders-0-0', '2021/orders-0-1'])
  })
})

describe("contract of Aiven's sink", () => {
  sinkContract({
    test: (title, run) => it(title, run),
    sink,
    idempotent: true,
    record: index => ({ value: { n: index } }),
    shown: index => `{"value":{"n":${index}}}`,
    setup: async () => ({
      config: props({ 'file.name.template': '{{topic}}-{{partition}}-{{start_offset:padding=true}}.gz' }),
      delivered: () => lake.lines(),
      breakOutside: async () => {
        const mend = server.fail({ status: 503, code: 'SlowDown' })
        return async () => mend()
      },
    }),
  })
})
