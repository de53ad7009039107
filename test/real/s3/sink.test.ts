import { describe, expect, it, vi } from 'vitest'
import sink from '../../../connectors/s3/confluent-sink.ts'
import { sinkContract } from '../../../runtime/testing/sink-contract.ts'
import { Bucket, bucket, confluentProps, openSink, recordsOf } from '../../support/s3-sink-run.ts'
import { useVersitygw, versitygw } from './versitygw.ts'

describe.skipIf(versitygw === undefined)('the S3 sink on versitygw (set MILLRACE_VERSITYGW to its binary)', () => {
  const server = useVersitygw()
  const at = (offset: number) => [{ topic: 'orders', partition: 0, offset }]
  const fresh = async () => {
    const lake = new Bucket(server())
    await lake.create().catch((error: Error) => {
      if (error.name !== 'BucketAlreadyOwnedByYou') throw error
    })
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3')
    for (const Key of await lake.keys()) await lake.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    return lake
  }

  it('writes objects of several parts, and again over what an earlier life left', async () => {
    const lake = await fresh()
    const filler = 'x'.repeat(500)
    const big = (first: number, end: number) => recordsOf(first, end, offset => ({ value: { offset, filler } }))
    const props = (flush: string) =>
      confluentProps(server(), {
        's3.part.size': '5242880',
        'flush.size': flush,
        's3.object.tagging': 'true',
      })
    // The first life's offsets are never committed; it ends in the middle of an upload.
    const first = await openSink(sink, props('25000'))
    await first.task.assigned?.(at(0))
    for (let offset = 0; offset < 65_000; offset += 5000) await first.task.write(big(offset, offset + 5000))
    await vi.waitFor(async () => expect(await first.task.flush?.(at(65_000))).toEqual(at(50_000)), 20_000)
    await vi.waitFor(async () => expect(await lake.uploads()).toHaveLength(1))
    const second = await openSink(sink, props('40000'))
    await second.task.assigned?.(at(0))
    for (let offset = 0; offset < 105_000; offset += 5000) await second.task.write(big(offset, offset + 5000))
    await vi.waitFor(async () => expect(await second.task.flush?.(at(105_000))).toEqual(at(105_000)), 20_000)
    const offsets = (await lake.lines()).map(line => (JSON.parse(line) as { offset: number }).offset)
    expect(offsets).toEqual(Array.from({ length: 105_000 }, (_, offset) => offset))
    expect(await lake.uploads()).toEqual([])
    await second.task.close?.()
    lake.client.destroy()
  })

  it('says what is wrong with a configuration', async () => {
    await (await fresh()).client.destroy()
    const context = {
      connector: 'sink',
      log: { debug() {}, info() {}, warn() {}, error() {} },
      originals: {},
      signal: new AbortController().signal,
    }
    const { parseConfig } = await import('../../../runtime/config/parse.ts')
    const problems = async (more: Readonly<Record<string, string>>) => {
      const { config } = parseConfig(sink.config, confluentProps(server(), more))
      return (await sink.validate!(config as never, context)).map(problem => problem.key)
    }
    expect(await problems({})).toEqual([])
    expect(await problems({ 's3.bucket.name': 'not-there' })).toEqual(['s3.bucket.name'])
    expect(await problems({ 'aws.access.key.id': 'nobody' })).toEqual(['aws.access.key.id'])
    expect(await problems({ 'aws.secret.access.key': 'wrong' })).toEqual(['aws.secret.access.key'])
  })

  sinkContract({
    test: (title, run) => it(title, run),
    sink,
    idempotent: true,
    record: index => ({ value: { n: index } }),
    shown: index => `{"n":${index}}`,
    setup: async () => {
      const lake = await fresh()
      return {
        config: confluentProps(server(), { 'flush.size': '5', 'behavior.on.null.values': 'ignore' }),
        delivered: () => lake.lines(),
        close: async () => lake.client.destroy(),
      }
    },
  })
})
