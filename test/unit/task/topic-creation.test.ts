import { describe, expect, it } from 'vitest'
import type { NewTopic } from '../../../runtime/kafka/ports.ts'
import { newTopic, TopicCreation, topicGroups } from '../../../runtime/task/topic-creation.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const props = {
  'topic.creation.groups': 'logs, big',
  'topic.creation.default.partitions': '1',
  'topic.creation.default.replication.factor': '-1',
  'topic.creation.default.include': 'ignored',
  'topic.creation.logs.include': 'log\\..*,audit',
  'topic.creation.logs.exclude': 'log\\.secret',
  'topic.creation.logs.partitions': '3',
  'topic.creation.logs.cleanup.policy': 'compact',
  'topic.creation.big.include': '.*\\.big',
  'topic.creation.big.replication.factor': '2',
}

describe('topic.creation', () => {
  it('takes the first group that matches, exclude before include, default last', () => {
    const groups = topicGroups(props)!
    expect(newTopic('log.a', groups)).toEqual({
      name: 'log.a',
      partitions: 3,
      replicationFactor: -1,
      configs: { 'cleanup.policy': 'compact' },
    })
    expect(newTopic('log.x.big', groups).partitions).toBe(3)
    expect(newTopic('x.big', groups)).toEqual({ name: 'x.big', partitions: 1, replicationFactor: 2, configs: {} })
    expect(newTopic('log.secret', groups)).toMatchObject({ partitions: 1, replicationFactor: -1 })
    expect(newTopic('catalog.a', groups).partitions).toBe(1)
  })

  it('is the broker’s business without settings', () => {
    expect(topicGroups({ topics: 'a' })).toBeUndefined()
  })

  it('refuses what cannot work, naming the key', () => {
    expect(() => topicGroups({ 'topic.creation.groups': 'a' })).toThrow('topic.creation.default.partitions')
    expect(() => topicGroups({ ...props, 'topic.creation.default.partitions': '0' })).toThrow('at least 1')
    expect(() => topicGroups({ ...props, 'topic.creation.big.include': '(' })).toThrow('topic.creation.big.include')
  })

  it('creates what does not exist, once, and says what failed', async () => {
    const asked: string[] = []
    const created: NewTopic[] = []
    let fail = false
    const creation = new TopicCreation(
      topicGroups(props)!,
      {
        describeTopics: async names => {
          asked.push(...names)
          return names.filter(name => name === 'old').map(name => ({ name, partitions: [] }))
        },
        createTopics: async topics => {
          if (fail) throw new Error('TOPIC_AUTHORIZATION_FAILED')
          created.push(...topics)
          return new Map(topics.map(({ name }) => [name, true]))
        },
      },
      recordingLog(),
    )
    await creation.ensure(['old', 'new'])
    await creation.ensure(['new', 'old'])
    expect(created.map(({ name }) => name)).toEqual(['new'])
    expect(asked).toEqual(['old', 'new'])
    fail = true
    await expect(creation.ensure(['other'])).rejects.toThrow(
      /Task failed to create new topic \(name=other, numPartitions=1/,
    )
    fail = false
    await creation.ensure(['other'])
    expect(created.map(({ name }) => name)).toEqual(['new', 'other'])
  })
})
