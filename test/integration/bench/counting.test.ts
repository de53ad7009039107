import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from '../../../runtime/broker/broker.ts'
import { type S3Part, startObjectStore } from '../../bench/parts/s3.ts'
import { expectAll } from '../../bench/scenarios/s3.ts'
import { Witness } from '../../bench/witness.ts'

// What a benchmark is worth: one record too few or too many must not pass.
let folder: string
let broker: Broker
let witness: Witness
let store: S3Part

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-bench-test-'))
  broker = await startBroker({ dataDir: join(folder, 'broker') })
  witness = await Witness.connect(broker.bootstrap)
  store = await startObjectStore(folder)
})

afterAll(async () => {
  await witness?.close()
  await broker?.close()
  await store?.stop()
  await rm(folder, { recursive: true, force: true })
})

const fine = async () => {}

test('a topic is counted over its partitions, and too many or too few are an error', async () => {
  await witness.create('counted', 3)
  await witness.fill('counted', 3, 3000, index => ({ key: String(index), value: `value ${index}` }))
  expect(await witness.count('counted')).toBe(3000)
  const { first, last } = await witness.arrived('counted', 3000, fine)
  expect(first).toBeLessThanOrEqual(last)
  await expect(witness.arrived('counted', 2999, fine)).rejects.toThrow('has 3000 records where 2999 were expected')
  await expect(witness.arrived('counted', 3001, fine, { stalledMs: 200 })).rejects.toThrow('3000 of 3001 records')
})

test('a wait for records ends when the connector has failed', async () => {
  await witness.create('never-filled', 1)
  const failed = async () => {
    throw new Error('source failed: the database is gone')
  }
  await expect(witness.arrived('never-filled', 1, failed)).rejects.toThrow('the database is gone')
})

test('objects are read back: a line twice and a line missing are seen', async () => {
  const { 'store.url': endpoint, 's3.bucket.name': Bucket, 's3.region': region } = store.connection
  const credentials = {
    accessKeyId: store.connection['aws.access.key.id']!,
    secretAccessKey: store.connection['aws.secret.access.key']!,
  }
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials })
  const put = (name: string, ids: readonly number[]) =>
    client.send(
      new PutObjectCommand({
        Bucket,
        Key: `lines/${name}`,
        Body: gzipSync(ids.map(id => `${JSON.stringify({ id })}\n`).join('')),
      }),
    )
  await put('one', [1, 2, 3])
  await put('two', [4, 5])
  const read = () => store.read('lines/', line => (line as { id: number }).id)
  await store.arrived('lines/', 2, fine)
  const content = await read()
  expect(content).toMatchObject({ lines: 5, ids: 5 })
  expect(() => expectAll(content, 5)).not.toThrow()
  expect(() => expectAll(content, 6)).toThrow('5 lines with 5 different ids where 6 were expected')
  await put('two', [4, 4])
  const doubled = await read()
  expect(() => expectAll(doubled, 5)).toThrow('5 lines with 4 different ids')
  await store.remove('lines/')
  expect(await read()).toEqual({ lines: 0, ids: 0, bytes: 0 })
  client.destroy()
})
