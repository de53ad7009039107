import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { kafkaConfigStore } from '../../../runtime/stores/kafka-config-store.ts'
import { kafkaOffsetStore } from '../../../runtime/stores/kafka-offset-store.ts'
import { kafkaStatusStore } from '../../../runtime/stores/kafka-status-store.ts'
import type { ConfigChange, Status } from '../../../runtime/stores/ports.ts'
import { until } from '../../support/fakes/wait.ts'
import { type StoreBroker, storeBroker } from '../../support/kafka-stores.ts'

let broker: StoreBroker
let topic: string
let topics = 0
beforeAll(async () => {
  broker = await storeBroker()
})
afterAll(() => broker.close())
beforeEach(() => {
  topic = `state-${topics++}`
})

const append = async (texts: readonly (readonly [string, string | null])[]): Promise<void> => {
  const log = broker.kafka.topicLog({ topic, onRecord() {} })
  await log.append(
    texts.map(([key, value]) => ({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })),
  )
  await log.stop()
}
const read = async (): Promise<(readonly [string | undefined, string | undefined])[]> => {
  const found: (readonly [string | undefined, string | undefined])[] = []
  const onRecord = ({ key, value }: { key: Buffer | null; value: Buffer | null }) =>
    void found.push([key?.toString(), value?.toString()])
  const log = broker.kafka.topicLog({ topic, onRecord })
  await log.start()
  await log.stop()
  return found
}

describe('topics of the stores', () => {
  test('are created compacted, with their partitions and settings', async () => {
    const configs = { 'segment.ms': '86400000', 'cleanup.policy': 'delete' }
    const store = kafkaOffsetStore(broker.parts('offset', topic, { partitions: 5, configs }))
    await store.start()
    await store.stop()
    const admin = broker.kafka.admin()
    expect((await admin.describeTopics([topic]))[0]?.partitions).toHaveLength(5)
    const settings = await admin.topicConfigs(topic)
    expect([settings.get('cleanup.policy'), settings.get('segment.ms')]).toEqual(['compact', '86400000'])
    expect(broker.log.lines.some(({ message }) => message.includes('offset.storage.cleanup.policy=delete'))).toBe(true)
  })

  test('that are not compacted are refused, whatever they keep', async () => {
    await broker.kafka
      .admin()
      .createTopics([
        { name: topic, partitions: 1, replicationFactor: 1, configs: { 'cleanup.policy': 'compact,delete' } },
      ])
    for (const store of [
      kafkaConfigStore(broker.parts('config', topic)),
      kafkaOffsetStore(broker.parts('offset', topic)),
      kafkaStatusStore(broker.parts('status', topic)),
    ])
      await expect(store.start()).rejects.toThrow(
        /required to have 'cleanup.policy=compact' .* found the topic currently has 'cleanup.policy=compact,delete'/,
      )
  })

  test('of configs with several partitions are refused', async () => {
    await broker.kafka
      .admin()
      .createTopics([{ name: topic, partitions: 2, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } }])
    await expect(kafkaConfigStore(broker.parts('config', topic)).start()).rejects.toMatchObject({
      message: expect.stringMatching(
        /'config.storage.topic' property is required to have a single partition .* found 2/,
      ),
      key: 'config.storage.topic',
    })
  })
})

describe('a config topic', () => {
  test('two workers see what either writes, in the same order; restarts only once they follow', async () => {
    const one = kafkaConfigStore(broker.parts('config', topic))
    await one.start()
    await one.putRestart('before', { includeTasks: true, onlyFailed: false })
    const two = kafkaConfigStore(broker.parts('config', topic))
    const seen: ConfigChange[] = []
    two.onChange(change => seen.push(change))
    await two.start()
    await one.putConnector('a', { v: '1' }, 'PAUSED')
    await two.putTasks('a', []) // not there yet for it, perhaps: changes nothing
    await two.readToEnd()
    await one.putTasks('a', [{ t: '0' }])
    await two.readToEnd()
    await two.putTargetState('a', 'STARTED')
    await one.putRestart('a', { includeTasks: false, onlyFailed: true })
    await one.putLogLevel('x', 'DEBUG')
    await one.removeConnector('a')
    await two.readToEnd()
    expect(seen.filter(({ kind }, at) => kind !== 'tasks' || at === 1)).toEqual([
      { kind: 'connector', connector: 'a', created: true },
      { kind: 'tasks', connector: 'a' },
      { kind: 'target', connector: 'a' },
      { kind: 'restart', connector: 'a', includeTasks: false, onlyFailed: true },
      { kind: 'logger', logger: 'x', level: 'DEBUG' },
      { kind: 'removed', connector: 'a' },
    ])
    expect(two.offset).toBe(one.offset)
    await Promise.all([one.stop(), two.stop()])
  })

  test('records that cannot be read are skipped and said, the rest counts', async () => {
    const store = kafkaConfigStore(broker.parts('config', topic))
    await store.start()
    await append([
      ['connector-a', '{"properties":{"v":"1"}}'],
      ['connector-a', 'no json'],
      ['else', 'x'],
      ['commit-a', '{"tasks":null}'],
    ])
    await store.readToEnd()
    expect(store.get('a')?.props).toEqual({ v: '1' })
    expect(store.offset).toBe(4)
    const skipped = broker.log.lines.filter(({ message }) => message.includes('config topic cannot be read'))
    expect(skipped).toHaveLength(2)
    await store.stop()
  })
})

describe('a status topic', () => {
  const status = (state: Status['state'], workerId: string, generation: number): Status => ({
    state,
    workerId,
    generation,
  })

  test('is written as Kafka Connect does, tombstones included', async () => {
    const store = kafkaStatusStore(broker.parts('status', topic, { partitions: 1 }), () => 17)
    await store.start()
    store.putConnector('c', { ...status('RUNNING', 'w:1', 3), version: '4.3.0' })
    store.addTopic('c', 1, 't')
    store.addTopic('c', 2, 't')
    await store.flush()
    store.removeConnector('c')
    store.resetTopics('c')
    await store.stop()
    expect(await read()).toEqual([
      ['status-connector-c', '{"state":"RUNNING","trace":null,"worker_id":"w:1","generation":3,"version":"4.3.0"}'],
      ['status-topic-t:connector-c', '{"topic":{"name":"t","connector":"c","task":1,"discoverTimestamp":17}}'],
      ['status-connector-c', undefined],
      ['status-topic-t:connector-c', undefined],
    ])
  })

  test('shows what other workers say; late words of a former owner do not hide the new one', async () => {
    const one = kafkaStatusStore(broker.parts('status', topic))
    const two = kafkaStatusStore(broker.parts('status', topic))
    await Promise.all([one.start(), two.start()])
    one.putTask('c', 0, status('RUNNING', 'w:1', 5))
    await one.flush()
    await two.readToEnd()
    expect(two.task('c', 0)).toEqual(status('RUNNING', 'w:1', 5))
    // Refused where it is written ...
    two.putTask('c', 0, status('UNASSIGNED', 'w:2', 4))
    expect(two.task('c', 0)?.state).toBe('RUNNING')
    // ... and where it is read.
    await append([['status-task-c-0', '{"state":"UNASSIGNED","worker_id":"w:3","generation":5}']])
    await one.readToEnd()
    expect(one.task('c', 0)?.state).toBe('RUNNING')
    two.putTask('c', 0, status('UNASSIGNED', 'w:2', 6))
    await two.flush()
    await one.readToEnd()
    expect(one.task('c', 0)).toEqual(status('UNASSIGNED', 'w:2', 6))
    expect(one.connectors()).toEqual(['c'])
    await Promise.all([one.stop(), two.stop()])
  })

  test('what was put last is what is seen, however late the earlier ones are read back', async () => {
    const store = kafkaStatusStore(broker.parts('status', topic))
    await store.start()
    const states = ['RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'RUNNING', 'STOPPED'] as const
    for (const state of states) store.putConnector('c', status(state, 'w:1', 1))
    let wrong = 0
    const flushed = store.flush().then(() => store.readToEnd())
    let done = false
    void flushed.then(() => {
      done = true
    })
    await until(() => {
      if (store.connector('c')?.state !== 'STOPPED') wrong++
      return done
    })
    expect(wrong).toBe(0)
    await store.stop()
  })
})
