import { SinkRecord, s } from 'millrace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import sink from '../../../connectors/s3/confluent-sink.ts'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { sinkContract } from '../../../runtime/testing/sink-contract.ts'
import { Bucket, confluentProps, openSink, recordsOf } from '../../support/s3-sink-run.ts'

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

const at = (offset: number) => [{ topic: 'orders', partition: 0, offset }]
const key = (offset: number, extension = '.json') =>
  `topics/orders/partition=0/orders+0+${String(offset).padStart(10, '0')}${extension}`
const opened = async (more: Record<string, string> = {}, from = 0) => {
  const run = await openSink(sink, confluentProps(server, more))
  await run.task.assigned?.(at(from))
  return run
}

describe('objects', () => {
  it('are named by topic, partition and first offset, and hold flush.size records as JSON lines', async () => {
    const { task } = await opened()
    await task.write(recordsOf(0, 7))
    await vi.waitFor(async () => expect(await task.flush?.(at(7))).toEqual(at(6)))
    expect(await lake.keys()).toEqual([key(0), key(3)])
    expect(await lake.text(key(3))).toBe('{"offset":3}\n{"offset":4}\n{"offset":5}\n')
    await task.close?.()
    expect(await lake.keys()).toEqual([key(0), key(3)])
  })

  it('are compressed when asked', async () => {
    const { task } = await opened({ 's3.compression.type': 'GZIP', 's3.compression.level': '1' })
    await task.write(recordsOf(0, 3))
    expect(await task.flush?.(at(3))).toEqual(at(3))
    expect(await lake.text(key(0, '.json.gz'))).toBe('{"offset":0}\n{"offset":1}\n{"offset":2}\n')
    await task.close?.()
  })

  it('hold raw bytes with the separator as it stands', async () => {
    const { task, rejected } = await opened({
      'format.class': 'io.confluent.connect.s3.format.bytearray.ByteArrayFormat',
      'format.bytearray.separator': ' | ',
    })
    const bytes = recordsOf(0, 4, offset => ({
      value: offset === 1 ? 'text' : Buffer.from([offset]),
      valueSchema: s.bytes(),
    }))
    await task.write(bytes)
    expect(await task.flush?.(at(4))).toEqual(at(4))
    expect((await lake.bytes(key(0, '.bin'))).toString('latin1')).toBe('\0 | \x02 | \x03 | ')
    expect(rejected.map(({ record }) => record.offset)).toEqual([1])
    await task.close?.()
  })

  it('follow topics.dir, the delimiters and the pad width', async () => {
    const { task } = await opened({
      'topics.dir': '',
      'file.delim': '_',
      'filename.offset.zero.pad.width': '3',
    })
    await task.write(recordsOf(0, 3))
    await task.flush?.(at(3))
    expect(await lake.keys()).toEqual(['orders/partition=0/orders_0_000.json'])
    await task.close?.()
  })

  it('of several parts arrive whole, and no part of a given up one stays', async () => {
    const { task } = await opened({ 's3.part.size': '5242880', 'flush.size': '30000' })
    const filler = 'x'.repeat(500)
    const big = (first: number, end: number) => recordsOf(first, end, offset => ({ value: { offset, filler } }))
    for (let offset = 0; offset < 60_000; offset += 5000) await task.write(big(offset, offset + 5000))
    await vi.waitFor(async () => expect(await task.flush?.(at(60_000))).toEqual(at(60_000)))
    expect(server.requests['UploadPart']).toBeGreaterThanOrEqual(6)
    const lines = await lake.lines()
    expect(lines.map(line => (JSON.parse(line) as { offset: number }).offset)).toEqual(
      Array.from({ length: 60_000 }, (_, offset) => offset),
    )
    await task.write(big(60_000, 80_000))
    await vi.waitFor(async () => expect(await lake.uploads()).toHaveLength(1))
    await task.revoked?.(at(0))
    expect(await lake.uploads()).toEqual([])
    await task.close?.()
  })

  it('carry tags when asked', async () => {
    const { task } = await opened({
      's3.object.tagging': 'true',
      's3.object.tagging.key.value.pairs': 'team:shop',
    })
    await task.write(recordsOf(0, 3))
    await task.flush?.(at(3))
    expect(server.requests['PutObjectTagging']).toBe(1)
    await task.close?.()
  })
})

describe('rotation', () => {
  it('by record time waits for the next record', async () => {
    const { task } = await opened({ 'flush.size': '100', 'rotate.interval.ms': '3000' })
    await task.write(recordsOf(0, 5))
    await vi.waitFor(async () => expect(await task.flush?.(at(5))).toEqual(at(3)))
    await task.write([])
    expect(await task.flush?.(at(5))).toEqual([])
    await task.write(recordsOf(5, 7))
    expect(await task.flush?.(at(7))).toEqual(at(6))
    expect(await lake.keys()).toEqual([key(0), key(3)])
    await task.close?.()
  })

  it('by the clock closes the files of an idle topic, and asks to be woken for it', async () => {
    const { task, wakes } = await opened({
      'flush.size': '100',
      'rotate.schedule.interval.ms': '200',
      timezone: 'UTC',
    })
    await task.write(recordsOf(0, 2))
    expect(wakes.at(-1)).toBeLessThanOrEqual(200)
    await vi.waitFor(async () => {
      await task.write([])
      expect(await task.flush?.(at(2))).toEqual(at(2))
    })
    expect(await lake.keys()).toEqual([key(0)])
    await task.close?.()
  })

  it('spreads records over directories by field, and closes them together', async () => {
    const { task, rejected } = await opened({
      'flush.size': '4',
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'kind',
    })
    await task.write(
      recordsOf(0, 5, offset => ({ value: offset === 2 ? { other: 1 } : { kind: offset % 2 ? 'odd' : 'even' } })),
    )
    expect(await task.flush?.(at(5))).toEqual(at(5))
    expect(await lake.keys()).toEqual([
      'topics/orders/kind=even/orders+0+0000000000.json',
      'topics/orders/kind=odd/orders+0+0000000001.json',
    ])
    expect(rejected.map(({ record }) => record.offset)).toEqual([2])
    await task.close?.()
  })

  it('follows the record time in paths', async () => {
    const { task } = await opened({
      'flush.size': '2',
      'partitioner.class': 'io.confluent.connect.storage.partitioner.HourlyPartitioner',
      'timestamp.extractor': 'Record',
      locale: 'en-US',
      timezone: 'Europe/Berlin',
    })
    await task.write(recordsOf(0, 2))
    expect(await task.flush?.(at(2))).toEqual(at(2))
    expect(await lake.keys()).toEqual(['topics/orders/year=2023/month=11/day=14/hour=23/orders+0+0000000000.json'])
    await task.close?.()
  })
})

describe('null values', () => {
  const withNull = () => recordsOf(0, 4, offset => ({ value: offset === 1 ? null : { offset } }))

  it('fail the task unless told otherwise', async () => {
    const { task } = await opened()
    await expect(task.write(withNull())).rejects.toThrow('orders-0@1 has a null value')
    await task.close?.()
  })

  it('are left out when ignored, and their offsets are committed', async () => {
    const { task, rejected } = await opened({ 'behavior.on.null.values': 'ignore' })
    await task.write(withNull())
    expect(await task.flush?.(at(4))).toEqual(at(4))
    expect(await lake.lines()).toEqual(['{"offset":0}', '{"offset":2}', '{"offset":3}'])
    await task.write(recordsOf(4, 5, () => ({ value: null })))
    expect(await task.flush?.(at(5))).toEqual(at(5))
    expect(rejected).toEqual([])
    await task.close?.()
  })

  it('go to the dead letter queue where there is one', async () => {
    const { task, rejected } = await opened({
      'behavior.on.null.values': 'ignore',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'dead',
    })
    await task.write(withNull())
    expect(rejected.map(({ record }) => record.offset)).toEqual([1])
    await task.close?.()
  })
})

describe('names that collide', () => {
  it('fail the task: one partition would overwrite the other', async () => {
    const run = await openSink(sink, confluentProps(server))
    await run.task.assigned?.([
      { topic: 'a', partition: 0, offset: 0 },
      { topic: 'b', partition: 0, offset: 0 },
    ])
    const renamed = (topic: string) =>
      new SinkRecord({
        topic: 'all',
        partition: 0,
        offset: 0,
        value: { topic },
        original: { topic, partition: 0, offset: 0 },
      })
    await run.task.write([renamed('a')])
    await expect(run.task.write([renamed('b')])).rejects.toThrow(/a-0 and b-0 both write objects named topics\/all/)
    await run.task.close?.()
  })
})

describe('contract of the S3 sink', () => {
  sinkContract({
    test: (title, run) => it(title, run),
    sink,
    idempotent: true,
    record: index => ({ value: { n: index } }),
    shown: index => `{"n":${index}}`,
    setup: async () => ({
      config: confluentProps(server, {
        'flush.size': '5',
        'behavior.on.null.values': 'ignore',
        's3.part.retries': '1',
      }),
      delivered: () => lake.lines(),
      breakOutside: async () => {
        const mend = server.fail({ status: 503, code: 'SlowDown' })
        return async () => mend()
      },
    }),
  })
})
