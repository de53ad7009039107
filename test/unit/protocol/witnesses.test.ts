import { createRecordsBatch, readRecordsBatch, Reader as WitnessReader } from '@platformatic/kafka'
import { describe, expect, it } from 'vitest'
import { type Api, decodeRequest, encodeResponse } from '../../../runtime/protocol/api.ts'
import { type CompressionType, compressionTypes } from '../../../runtime/protocol/compression.ts'
import { createTopics } from '../../../runtime/protocol/messages/create-topics.ts'
import { deleteTopics } from '../../../runtime/protocol/messages/delete-topics.ts'
import { describeConfigs } from '../../../runtime/protocol/messages/describe-configs.ts'
import { fetch } from '../../../runtime/protocol/messages/fetch.ts'
import { listOffsets } from '../../../runtime/protocol/messages/list-offsets.ts'
import { offsetCommit } from '../../../runtime/protocol/messages/offset-commit.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { Reader } from '../../../runtime/protocol/primitives.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'
import { kafkajs } from './kafkajs-internals.ts'

const decoded = async <A extends Api>(api: A, folder: string, version: number, args: object) => {
  const { buffer } = await kafkajs.request(folder, version, args).request.encode()
  const reader = new Reader(buffer)
  const body = decodeRequest(api, version, reader)
  expect(reader.remaining).toBe(0)
  return body
}

const answered = async <A extends Api>(
  api: A,
  folder: string,
  version: number,
  body: Parameters<typeof encodeResponse<A>>[3],
) => {
  const frame = Buffer.concat(encodeResponse(api, version, 1, body))
  return kafkajs
    .request(folder, version, { topics: [], topicData: [], resources: [] })
    .response.decode(frame.subarray(8))
}

// The versions that Kafka's own definitions no longer describe; kafkajs still asks for them.
describe('versions before Kafka 4, against kafkajs', () => {
  it.each([0, 1])('OffsetCommit v%i', async version => {
    const partitions = [{ partition: 3, offset: '99', timestamp: '1700000000000', metadata: 'm' }]
    const args = { groupId: 'g', groupGenerationId: 7, memberId: 'me', topics: [{ topic: 't', partitions }] }
    expect(await decoded(offsetCommit, 'offsetCommit', version, args)).toMatchObject({
      groupId: 'g',
      generationIdOrMemberEpoch: version === 0 ? -1 : 7,
      memberId: version === 0 ? '' : 'me',
      topics: [
        {
          name: 't',
          partitions: [
            {
              partitionIndex: 3,
              committedOffset: 99,
              committedMetadata: 'm',
              commitTimestamp: version === 0 ? -1 : 1_700_000_000_000,
            },
          ],
        },
      ],
    })
    const answer = { topics: [{ name: 't', partitions: [{ partitionIndex: 3, errorCode: 25 }] }] }
    expect(await answered(offsetCommit, 'offsetCommit', version, answer)).toEqual({
      responses: [{ topic: 't', partitions: [{ partition: 3, errorCode: 25 }] }],
    })
  })

  it('ListOffsets v0', async () => {
    const partitions = [{ partition: 3, timestamp: -2, maxNumOffsets: 4 }]
    expect(
      await decoded(listOffsets, 'listOffsets', 0, { replicaId: -1, topics: [{ topic: 't', partitions }] }),
    ).toMatchObject({
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 3, timestamp: -2, maxNumOffsets: 4 }] }],
    })
    const answer = {
      topics: [{ name: 't', partitions: [{ partitionIndex: 3, errorCode: 0, oldStyleOffsets: [5, 2] }] }],
    }
    expect(await answered(listOffsets, 'listOffsets', 0, answer)).toMatchObject({
      responses: [{ topic: 't', partitions: [{ partition: 3, errorCode: 0, offsets: ['5', '2'] }] }],
    })
  })

  it.each([0, 1])('CreateTopics v%i', async version => {
    const topic = { topic: 't', numPartitions: 3, replicationFactor: 1, configEntries: [{ name: 'a', value: 'b' }] }
    expect(
      await decoded(createTopics, 'createTopics', version, { topics: [topic], timeout: 9, validateOnly: true }),
    ).toMatchObject({
      topics: [
        { name: 't', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [{ name: 'a', value: 'b' }] },
      ],
      timeoutMs: 9,
      validateOnly: version === 1,
    })
    const answer = { topics: [{ name: 't', errorCode: 36, errorMessage: 'exists' }] }
    expect(await answered(createTopics, 'createTopics', version, answer)).toMatchObject({
      topicErrors: [
        version === 0 ? { topic: 't', errorCode: 36 } : { topic: 't', errorCode: 36, errorMessage: 'exists' },
      ],
    })
  })

  it('DeleteTopics v0', async () => {
    expect(await decoded(deleteTopics, 'deleteTopics', 0, { topics: ['t', 'u'], timeout: 9 })).toMatchObject({
      topicNames: ['t', 'u'],
      timeoutMs: 9,
    })
    const answer = { responses: [{ name: 't', errorCode: 3 }] }
    expect(await answered(deleteTopics, 'deleteTopics', 0, answer)).toMatchObject({
      topicErrors: [{ topic: 't', errorCode: 3 }],
    })
  })

  it('DescribeConfigs v0', async () => {
    expect(
      await decoded(describeConfigs, 'describeConfigs', 0, { resources: [{ type: 2, name: 't', configNames: ['a'] }] }),
    ).toMatchObject({
      resources: [{ resourceType: 2, resourceName: 't', configurationKeys: ['a'] }],
    })
    const configs = [{ name: 'a', value: '1', readOnly: false, isDefault: true, isSensitive: true }]
    const results = [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't', configs }]
    expect(await answered(describeConfigs, 'describeConfigs', 0, { results })).toMatchObject({
      resources: [
        { configEntries: [{ configName: 'a', configValue: '1', readOnly: false, isDefault: true, isSensitive: true }] },
      ],
    })
  })

  it.each([0, 1, 2, 3])('Fetch v%i', async version => {
    const partitions = [{ partition: 3, fetchOffset: 12, maxBytes: 900 }]
    const args = { replicaId: -1, maxWaitTime: 5, minBytes: 1, maxBytes: 1000, topics: [{ topic: 't', partitions }] }
    expect(await decoded(fetch, 'fetch', version, args)).toMatchObject({
      replicaId: -1,
      maxWaitMs: 5,
      minBytes: 1,
      maxBytes: version < 3 ? 0x7fff_ffff : 1000,
      topics: [{ topic: 't', partitions: [{ partition: 3, fetchOffset: 12, partitionMaxBytes: 900 }] }],
    })
    const answer = {
      responses: [{ topic: 't', partitions: [{ partitionIndex: 3, errorCode: 0, highWatermark: 44, records: [] }] }],
    }
    expect(await answered(fetch, 'fetch', version, answer)).toMatchObject({
      responses: [{ topicName: 't', partitions: [{ partition: 3, errorCode: 0, highWatermark: '44', messages: [] }] }],
    })
  })

  it.each([0, 1, 2])('Produce v%i', async version => {
    const args = {
      acks: 1,
      timeout: 5,
      topicData: [{ topic: 't', partitions: [{ partition: 3, messages: [{ key: 'k', value: 'v' }] }] }],
    }
    const body = await decoded(produce, 'produce', version, args)
    expect(body).toMatchObject({ acks: 1, timeoutMs: 5, topicData: [{ name: 't', partitionData: [{ index: 3 }] }] })
    expect(() => new RecordBatchReader().read(body.topicData[0]!.partitionData[0]!.records!)).toThrow(
      /UNSUPPORTED_FOR_MESSAGE_FORMAT/,
    )
    const answer = { responses: [{ name: 't', partitionResponses: [{ index: 3, errorCode: 43, baseOffset: 8 }] }] }
    expect(await answered(produce, 'produce', version, answer)).toMatchObject({
      topics: [{ topicName: 't', partitions: [{ partition: 3, errorCode: 43, offset: '8' }] }],
    })
  })
})

const given = Array.from({ length: 100 }, (_, i) => ({
  timestamp: 1_700_000_000_000 + (i % 7 === 3 ? -i * 1_000_000 : i * 11),
  key: i % 3 === 0 ? null : Buffer.from(`key ${i}`),
  value: i % 5 === 0 ? null : Buffer.alloc(i * i, 'é'),
  headers: i % 4 === 0 ? [{ key: `h${i}`, value: Buffer.from('x') }] : [],
}))

const ours = (compression: CompressionType): Buffer => {
  const writer = new RecordBatchWriter()
  for (const { timestamp, key, value, headers } of given) writer.add(timestamp, key, value, headers)
  return writer.finish({ compression, producerId: 12, producerEpoch: 1, baseSequence: 5 })
}

const read = (batch: Buffer) => {
  const reader = new RecordBatchReader()
  expect(reader.read(batch)).toBe(batch.length)
  return Array.from({ length: reader.count }, (_, i) => ({
    timestamp: reader.timestamp(i),
    key: reader.key(i),
    value: reader.value(i),
    headers: reader.headers(i),
  }))
}

describe('record batches, against kafkajs', () => {
  it.each(['none', 'gzip'] as const)('reads ours: %s', async compression => {
    const { records, producerId } = await kafkajs.decodeBatch(ours(compression))
    expect(producerId).toBe('12')
    expect(
      records.map(({ timestamp, key, value, headers }) => ({
        timestamp: Number(timestamp),
        key,
        value,
        headers: Object.entries(headers).map(([name, bytes]) => ({ key: name, value: bytes })),
      })),
    ).toEqual(given)
    expect(records.map(({ offset }) => Number(offset))).toEqual(given.map((_, i) => i))
  })

  it.each([0, 1])('is read: compression %i', async compression => {
    const first = given[0]!.timestamp
    const records = given.map(({ timestamp, key, value, headers }, i) =>
      kafkajs.Record({
        offsetDelta: i,
        timestampDelta: timestamp - first,
        key,
        value,
        headers: Object.fromEntries(headers.map(header => [header.key, header.value])),
      }),
    )
    const { buffer } = await kafkajs.RecordBatch({
      compression,
      firstTimestamp: first,
      maxTimestamp: Math.max(...given.map(({ timestamp }) => timestamp)),
      lastOffsetDelta: given.length - 1,
      records,
    })
    expect(read(buffer)).toEqual(given)
  })
})

describe('record batches, against @platformatic/kafka', () => {
  it.each(compressionTypes)('reads ours: %s', compression => {
    const batch = readRecordsBatch(WitnessReader.from(ours(compression)))
    expect(batch.producerId).toBe(12n)
    expect(
      batch.records.map(({ timestampDelta, key, value, headers }) => ({
        timestamp: Number(batch.firstTimestamp + timestampDelta),
        key,
        value,
        headers: headers.map(([name, bytes]) => ({ key: String(name), value: bytes })),
      })),
    ).toEqual(given)
  })

  it.each(compressionTypes)('is read: %s', compression => {
    // It writes no null values.
    const written = given.map(record => ({ ...record, value: record.value ?? Buffer.from('-') }))
    const messages = written.map(({ timestamp, key, value, headers }) => ({
      topic: 't',
      timestamp: BigInt(timestamp),
      value,
      ...(key === null ? {} : { key }),
      headers: new Map(headers.map(header => [Buffer.from(header.key), header.value])),
    }))
    expect(read(createRecordsBatch(messages, { compression }).buffer)).toEqual(written)
  })
})
