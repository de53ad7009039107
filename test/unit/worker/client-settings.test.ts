import { describe, expect, it } from 'vitest'
import { baseSettings, taskClientSettings } from '../../../runtime/worker/client-settings.ts'

const worker = {
  'bootstrap.servers': 'a:9092',
  'security.protocol': 'SASL_SSL',
  'sasl.mechanism': 'PLAIN',
  'request.timeout.ms': '1000',
  'offset.flush.interval.ms': '5',
  'producer.linger.ms': '5',
  'producer.acks': '1',
  'consumer.fetch.min.bytes': '7',
  'admin.retries': '2',
}

describe('settings of clients', () => {
  it('start from how the worker reaches the brokers', () => {
    expect(baseSettings(worker)).toEqual({
      'bootstrap.servers': 'a:9092',
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'PLAIN',
    })
  })

  it("come in Kafka Connect's layers, the connector's overrides last", () => {
    const clients = taskClientSettings(
      worker,
      {
        'producer.override.linger.ms': '9',
        'consumer.override.auto.offset.reset': 'latest',
        'consumer.override.enable.auto.commit': 'true',
        'admin.override.retries': '3',
        'producer.override.compression.type': null,
      },
      'c',
      2,
      10 * 1024 * 1024,
    )
    expect(clients.producer).toEqual({
      acks: '1',
      'buffer.memory': '10485760',
      'client.id': 'connector-producer-c-2',
      'delivery.timeout.ms': '2147483647',
      'linger.ms': '9',
    })
    expect(clients.deadLetterProducer['client.id']).toBe('connector-dlq-producer-c-2')
    expect(clients.consumer).toEqual({
      'auto.offset.reset': 'latest',
      'client.id': 'connector-consumer-c-2',
      'enable.auto.commit': 'false',
      'fetch.min.bytes': '7',
    })
    expect(clients.admin).toEqual({
      'client.id': 'connector-adminclient-c-2',
      'request.timeout.ms': '1000',
      retries: '3',
    })
    expect(clients.groupId).toBe('connect-c')
  })

  it('take another group when the connector says so', () => {
    expect(taskClientSettings(worker, { 'consumer.override.group.id': 'mine' }, 'c', 0, 1).groupId).toBe('mine')
  })
})
