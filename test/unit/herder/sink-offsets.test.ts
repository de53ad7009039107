import { describe, expect, test } from 'vitest'
import { alterSinkOffsets, parseSinkOffsets, sinkOffsets } from '../../../runtime/herder/sink-offsets.ts'
import type { Admin } from '../../../runtime/kafka/ports.ts'

const partition = { kafka_topic: 't', kafka_partition: 0 }

const admin = (over: Partial<Admin> = {}): { readonly admin: Admin; readonly calls: unknown[] } => {
  const calls: unknown[] = []
  const fake = {
    describeTopics: async () => [
      { name: 't', partitions: [0, 1].map(one => ({ partition: one, leader: 1, replicas: [1], isr: [1] })) },
    ],
    alterGroupOffsets: async (group: string, offsets: unknown) => void calls.push(['alter', group, offsets]),
    deleteGroupOffsets: async (group: string, partitions: unknown) => void calls.push(['forget', group, partitions]),
    deleteGroups: async (groups: unknown) => void calls.push(['delete', groups]),
    groupOffsets: async () => [
      { topic: 't', partition: 1, offset: 7 },
      { topic: 't', partition: 0, offset: -1 },
    ],
    ...over,
  }
  return { admin: fake as unknown as Admin, calls }
}

test('shows what a group has committed', async () => {
  expect(await sinkOffsets(admin().admin, 'g')).toEqual([
    { partition: { kafka_topic: 't', kafka_partition: 1 }, offset: { kafka_offset: 7 } },
  ])
})

test('takes numbers in text and topics that are numbers', () => {
  expect(
    parseSinkOffsets([
      { partition: { kafka_topic: 5, kafka_partition: '1' }, offset: { kafka_offset: '2' } },
      { partition, offset: null },
    ]),
  ).toEqual({ set: [{ topic: '5', partition: 1, offset: 2 }], reset: [{ topic: 't', partition: 0 }] })
})

test('sets some, forgets others', async () => {
  const { admin: fake, calls } = admin()
  await alterSinkOffsets(fake, 'c', 'g', [
    { partition, offset: { kafka_offset: 3 } },
    { partition: { kafka_topic: 't', kafka_partition: 1 }, offset: null },
  ])
  expect(calls).toEqual([
    ['alter', 'g', [{ topic: 't', partition: 0, offset: 3 }]],
    ['forget', 'g', [{ topic: 't', partition: 1 }]],
  ])
})

test('a reset deletes the group', async () => {
  const { admin: fake, calls } = admin()
  await alterSinkOffsets(fake, 'c', 'g', null)
  expect(calls).toEqual([['delete', ['g']]])
})

describe('what cannot be', () => {
  test.each([
    [
      [{ partition: { kafka_topic: 'none', kafka_partition: 0 }, offset: { kafka_offset: 1 } }],
      'Failed to alter consumer group offsets for connector c',
    ],
    [
      [{ partition: { kafka_topic: 't', kafka_partition: 9 }, offset: { kafka_offset: 1 } }],
      'Failed to alter consumer group offsets for connector c',
    ],
    [[{ partition, offset: { kafka_offset: -1 } }], 'Failed to modify offsets for sink connector c'],
    [[{ partition, offset: { kafka_offset: 1.5 } }], "'1.5'. Offset values for sink connectors need to be integers."],
  ])('%j', async (offsets, message) => {
    const { admin: fake, calls } = admin()
    await expect(alterSinkOffsets(fake, 'c', 'g', offsets)).rejects.toThrow(message)
    expect(calls).toEqual([])
  })

  test('a group with members is told apart', async () => {
    const { admin: fake } = admin({
      deleteGroups: () => Promise.reject(Object.assign(new Error('x'), { kafkaCode: 'NON_EMPTY_GROUP' })),
    })
    await expect(alterSinkOffsets(fake, 'c', 'g', null)).rejects.toThrow(
      /^Failed to reset consumer group offsets for connector c either because its tasks haven't stopped completely yet/,
    )
  })
})
