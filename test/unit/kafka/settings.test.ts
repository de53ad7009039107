import { describe, expect, it } from 'vitest'
import { groupConfig } from '../../../runtime/kafka/consumer/consumer-config.ts'
import { fetchConfig } from '../../../runtime/kafka/fetch/fetch-config.ts'
import { producerConfig } from '../../../runtime/kafka/producer/producer-config.ts'
import { clientConfig, parseAddress } from '../../../runtime/kafka/settings.ts'

const base = { 'bootstrap.servers': 'localhost:9092' }
const config = (settings: Record<string, string>) => clientConfig({ ...base, ...settings })

describe('client settings', () => {
  it.each([
    ['localhost:9092', { host: 'localhost', port: 9092 }],
    ['[::1]:9092', { host: '::1', port: 9092 }],
    ['PLAINTEXT://broker-1.example.com:19092', { host: 'broker-1.example.com', port: 19092 }],
    ['SASL_SSL://[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ])('takes the address %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each(['localhost', 'localhost:', ':9092', 'localhost:0', 'localhost:70000', '::1:9092', 'a b:1', ''])(
    'refuses the address %j',
    text => {
      expect(() => parseAddress(text)).toThrow(/bootstrap.servers.*host:port/)
    },
  )

  it('has Kafka defaults', () => {
    expect(config({})).toMatchObject({
      clientId: '',
      requestTimeoutMs: 30_000,
      maxIdleMs: 540_000,
      metadataMaxAgeMs: 300_000,
      securityProtocol: 'PLAINTEXT',
      retryBackoff: { initialMs: 100, maxMs: 1000 },
    })
    expect(producerConfig(config({}))).toMatchObject({ acks: -1, idempotent: true, lingerMs: 0, compression: 'none' })
    expect(fetchConfig(config({}))).toMatchObject({ maxWaitMs: 500, maxPartitionBytes: 1_048_576, reset: 'latest' })
    expect(groupConfig(config({}))).toMatchObject({
      sessionTimeoutMs: 45_000,
      cooperative: false,
      groupInstanceId: null,
    })
  })

  it.each([
    ['request.timeout.ms', 'soon', /request.timeout.ms: 'soon' is not valid, it must be an integer/],
    ['request.timeout.ms', '0', /from 1 to/],
    ['request.timeout.ms', '1e3', /integer/],
    ['retry.backoff.ms', '-1', /from 0 to/],
    ['security.protocol', 'TLS', /one of PLAINTEXT, SSL/],
    ['bootstrap.servers', ' , ', /bootstrap.servers: missing/],
  ])('%s=%s is refused', (key, value, message) => {
    expect(() => config({ [key]: value })).toThrow(message)
  })

  it.each([
    [{ acks: '2' }, /acks: '2'.*one of all/],
    [{ 'enable.idempotence': 'true', acks: '1' }, /enable.idempotence/],
    [{ 'enable.idempotence': 'maybe' }, /true or false/],
    [{ 'compression.type': 'brotli' }, /one of none, gzip/],
  ])('the producer refuses %j', (settings, message) => {
    expect(() => producerConfig(config(settings as unknown as Record<string, string>))).toThrow(message)
  })

  it.each([
    [{ acks: '1' }, false],
    [{ acks: '-1' }, true],
    [{ retries: '0' }, false],
    [{ 'enable.idempotence': 'false' }, false],
  ])('with %j the producer is idempotent: %s', (settings, idempotent) => {
    expect(producerConfig(config(settings as unknown as Record<string, string>)).idempotent).toBe(idempotent)
  })

  it('a batch is never larger than a request', () => {
    expect(producerConfig(config({ 'batch.size': '5000000' })).batchSize).toBe(1_048_576)
  })

  it('finds assignors by class and by name; members keep partitions only when all assignors allow it', () => {
    const strategies = (text: string) => groupConfig(config({ 'partition.assignment.strategy': text }))
    const java = 'org.apache.kafka.clients.consumer'
    const all = strategies(`${java}.RoundRobinAssignor, sticky ,${java}.CooperativeStickyAssignor`)
    expect(all.assignors.map(({ name }) => name)).toEqual(['roundrobin', 'sticky', 'cooperative-sticky'])
    expect(all.cooperative).toBe(false)
    expect(strategies('cooperative-sticky').cooperative).toBe(true)
    expect(() => strategies('com.example.Mine')).toThrow(/partition.assignment.strategy: 'com.example.Mine'/)
  })

  it('a heartbeat must come before the session ends', () => {
    expect(() => groupConfig(config({ 'session.timeout.ms': '1000', 'heartbeat.interval.ms': '1000' }))).toThrow(
      /heartbeat.interval.ms/,
    )
  })
})
