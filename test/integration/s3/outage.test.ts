import { isRetriable, type SinkRecord } from 'millrace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import sink from '../../../connectors/s3/confluent-sink.ts'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { S3Proxy } from '../../support/s3-proxy.ts'
import { Bucket, confluentProps, openSink, recordsOf, type SinkRun } from '../../support/s3-sink-run.ts'

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
const opened = async (more: Record<string, string> = {}) => {
  const run = await openSink(sink, confluentProps(server, { 's3.part.retries': '1', ...more }))
  await run.task.assigned?.(at(0))
  return run
}
/** As the sink loop does: the same batch until it is taken. */
const persist = async (run: SinkRun, batch: readonly SinkRecord[]): Promise<number> => {
  for (let failures = 0; ; failures++) {
    try {
      await run.task.write(batch)
      return failures
    } catch (error) {
      if (!isRetriable(error)) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}
const filler = 'x'.repeat(1000)
const big = (first: number, end: number) => recordsOf(first, end, offset => ({ value: { offset, filler } }))
const offsets = async () => (await lake.lines()).map(line => (JSON.parse(line) as { offset: number }).offset)
const upTo = (end: number) => Array.from({ length: end }, (_, offset) => offset)

describe('while S3 answers 503', () => {
  it('writing is held back with a RetriableError, and goes on without loss or doubles', async () => {
    const run = await opened({ 'flush.size': '10' })
    await persist(run, recordsOf(0, 25))
    server.fail({ status: 503, code: 'SlowDown', forMs: 800 })
    let failures = await persist(run, recordsOf(25, 32))
    await vi.waitFor(() => expect(run.task.write([])).rejects.toThrow('SlowDown'))
    for (let first = 32; first < 95; first += 7) failures += await persist(run, recordsOf(first, first + 7))
    expect(failures).toBeGreaterThan(0)
    await vi.waitFor(async () => expect(await run.task.flush?.(at(95))).toEqual(at(90)))
    expect(await offsets()).toEqual(upTo(90))
    await run.task.close?.()
  })

  it('says so while nothing comes, and nothing is committed', async () => {
    const run = await opened()
    const mend = server.fail({ status: 503, code: 'SlowDown', match: ({ operation }) => operation === 'PutObject' })
    await run.task.write(recordsOf(0, 3))
    expect(await run.task.flush?.(at(3))).toEqual([])
    await expect(run.task.write([])).rejects.toThrow(/answered 503 SlowDown: Please reduce your request rate/)
    mend()
    await vi.waitFor(() => run.task.write([]))
    expect(await run.task.flush?.(at(3))).toEqual(at(3))
    await run.task.close?.()
  })

  it('a rebalance does not leave the task waiting for an answer to requests that it gave up', async () => {
    const run = await opened()
    const mend = server.fail({ status: 503, code: 'SlowDown', match: ({ operation }) => operation === 'PutObject' })
    await run.task.write(recordsOf(0, 3))
    await vi.waitFor(() => expect(run.task.write([])).rejects.toThrow('SlowDown'))
    await run.task.revoked?.(at(0))
    mend()
    await run.task.assigned?.(at(0))
    await run.task.write(recordsOf(0, 3))
    expect(await run.task.flush?.(at(3))).toEqual(at(3))
    expect(await offsets()).toEqual(upTo(3))
    await run.task.close?.()
  })

  it('memory stays within its budget, and a batch taken by half is not taken twice', async () => {
    const run = await opened({ 'flush.size': '48000', 's3.part.size': '5242880', 's3.buffer.memory': '16777216' })
    const mend = server.fail({ status: 503, code: 'SlowDown', match: ({ operation }) => operation === 'UploadPart' })
    let taken = 0
    const next = async () => {
      await run.task.write(big(taken, taken + 8000))
      taken += 8000
    }
    await expect(
      (async () => {
        while (taken < 48_000) await next()
      })(),
    ).rejects.toSatisfy(isRetriable)
    expect(taken).toBeLessThan(32_000)
    mend()
    while (taken < 48_000) {
      await persist(run, big(taken, taken + 8000))
      taken += 8000
    }
    await vi.waitFor(async () => expect(await run.task.flush?.(at(taken))).toEqual(at(48_000)), 10_000)
    expect(server.requests['CreateMultipartUpload']).toBe(1)
    expect(await offsets()).toEqual(upTo(48_000))
    await run.task.close?.()
  })
})

describe('when answers are lost', () => {
  it.each(['PutObject', 'UploadPart', 'CreateMultipartUpload', 'CompleteMultipartUpload'])(
    'to %s, each record is there once',
    async operation => {
      const run = await opened({ 'flush.size': '6000', 's3.part.size': '5242880' })
      server.fail({ cut: 'after', times: 2, match: target => target.operation === operation })
      await persist(run, big(0, 6000))
      for (let first = 6000; first < 12_000; first += 1000) await persist(run, recordsOf(first, first + 1000))
      await vi.waitFor(async () => expect(await run.task.flush?.(at(12_000))).toEqual(at(12_000)), 10_000)
      expect(await offsets()).toEqual(upTo(12_000))
      expect(run.seeks).toEqual([])
      await run.task.close?.()
    },
  )
})

describe('an upload that somebody aborted', () => {
  it('is read again from what is delivered', async () => {
    const run = await opened({ 'flush.size': '8000', 's3.part.size': '5242880' })
    await run.task.write(big(0, 7500))
    await vi.waitFor(() => expect(server.requests['UploadPart']).toBe(1))
    server.fail({
      status: 404,
      code: 'NoSuchUpload',
      times: 1,
      match: ({ operation }) => operation === 'CompleteMultipartUpload',
    })
    await run.task.write(big(7500, 8000))
    await vi.waitFor(async () => {
      await run.task.write([])
      expect(run.seeks).toEqual(at(0))
    })
    expect(await run.task.flush?.(at(8000))).toEqual([])
    await run.task.write(big(0, 8000))
    await vi.waitFor(async () => expect(await run.task.flush?.(at(8000))).toEqual(at(8000)))
    expect(await offsets()).toEqual(upTo(8000))
    await run.task.close?.()
  })

  it('is read again too when the answer to its completion was lost, and no object came of it', async () => {
    const run = await opened({ 'flush.size': '6000', 's3.part.size': '5242880' })
    const completion = { match: ({ operation }: { operation?: string }) => operation === 'CompleteMultipartUpload' }
    server.fail({ cut: 'before', times: 1, ...completion })
    server.fail({ status: 404, code: 'NoSuchUpload', ...completion })
    await run.task.write(big(0, 6000))
    await vi.waitFor(async () => {
      await run.task.write([])
      expect(run.seeks).toEqual(at(0))
    })
    expect(await lake.keys()).toEqual([])
    await run.task.close?.()
  })
})

describe('a store that does not answer', () => {
  it('does not hold up the end of the task, and what was sent does not arrive afterwards', async () => {
    const proxy = await S3Proxy.start(server)
    const run = await openSink(sink, confluentProps(proxy, { 'shutdown.timeout.ms': '300', 's3.part.size': '5242880' }))
    await run.task.assigned?.(at(0))
    await run.task.write(recordsOf(0, 1))
    proxy.weather = 'late'
    await run.task.write(recordsOf(1, 10))
    await vi.waitFor(() => expect(proxy.held).toBe(3))
    const from = performance.now()
    run.abort.abort()
    await run.task.close?.()
    expect(performance.now() - from).toBeLessThan(2000)
    proxy.weather = 'fine'
    proxy.release()
    await proxy.close()
    expect(await lake.keys()).toEqual([])
  })
})

describe('what will not go away', () => {
  it('fails the task in words, and commits nothing', async () => {
    const run = await opened()
    server.fail({ status: 403, code: 'AccessDenied', match: ({ operation }) => operation === 'PutObject' })
    await run.task.write(recordsOf(0, 3))
    expect(await run.task.flush?.(at(3))).toEqual([])
    await expect(run.task.write([])).rejects.toThrow(/denies access to the bucket lake.*s3:PutObject/)
    await run.task.close?.()
  })
})

describe('memory', () => {
  it('is bounded by the budget, not by how many files are open', async () => {
    const run = await openSink(
      sink,
      confluentProps(server, { 'flush.size': '1000000', 's3.buffer.memory': '16777216', 's3.part.size': '26214400' }),
    )
    const partitions = Array.from({ length: 40 }, (_, partition) => partition)
    await run.task.assigned?.(partitions.map(partition => ({ topic: 'orders', partition, offset: 0 })))
    const before = process.memoryUsage().arrayBuffers
    for (let first = 0; first < 3000; first += 500) {
      for (const partition of partitions) {
        const more = (offset: number) => ({ value: { offset, filler } })
        await run.task.write(recordsOf(first, first + 500, more, { partition }))
      }
    }
    // 120 MB of records that no part is full of: most of them wait on disk.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 << 20)
    await run.task.close?.()
  })
})
