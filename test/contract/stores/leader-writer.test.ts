import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import type { Kafka } from '../../../runtime/kafka/ports.ts'
import { LeaderWriter } from '../../../runtime/stores/leader-writer.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'

let server: TestBroker
let kafka: Kafka
beforeEach(async () => {
  server = await testBroker()
  kafka = createKafka({ 'bootstrap.servers': server.broker.bootstrap })
  await kafka.admin().createTopics([{ name: 'configs', partitions: 1, replicationFactor: 1 }])
})
afterEach(async () => {
  await kafka.close()
  await server.remove()
})

const writer = () =>
  new LeaderWriter({
    topic: 'configs',
    producer: async () => kafka.transactionalProducer({ 'transactional.id': 'connect-cluster-g' }),
    log: recordingLog(),
  })

const stored = async (): Promise<string[]> => {
  const found: string[] = []
  const log = kafka.topicLog({
    topic: 'configs',
    isolation: 'read_committed',
    onRecord: ({ key, value }) => found.push(`${key}=${value}`),
  })
  await log.start()
  await log.stop()
  return found
}

test('one leads: its writes are stored in order; a new leader fences it, and it says so', async () => {
  const first = writer()
  first.claim()
  await Promise.all([
    first.append([
      ['a', '1'],
      ['b', '1'],
    ]),
    first.append([['a', '2']]),
  ])
  const second = writer()
  second.claim()
  await second.append([['a', '3']])
  await expect(first.append([['a', 'zombie']])).rejects.toThrow(
    'Failed to write to config topic; this may be due to a transient error and the request can be safely retried',
  )
  await second.append([['b', null]])
  expect(await stored()).toEqual(['a=1', 'b=1', 'a=2', 'a=3', 'b=null'])
  await first.release()
  await second.release()
})

test('who leads again after a failure takes the topic back', async () => {
  const first = writer()
  first.claim()
  await first.append([['a', '1']])
  await kafka.admin().fenceProducers(['connect-cluster-g'])
  await expect(first.append([['a', '2']])).rejects.toThrow(/Failed to write/)
  await first.append([['a', '3']])
  expect(await stored()).toEqual(['a=1', 'a=3'])
  await first.release()
})
