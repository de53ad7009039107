import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTopics } from '../../../runtime/protocol/messages/create-topics.ts'
import { kafkaLibs } from '../../support/apache-kafka.ts'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'
import { WireClient } from '../../support/wire-client.ts'
import { kafkaTool, run } from './tool.ts'

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const CONFIGS = 'kafka.admin.ConfigCommand'
const GROUPS = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'

/** Apache Kafka's own Java clients, through its command line tools. */
describe('the Java clients on the embedded broker', () => {
  let server: TestBroker
  const tool = (mainClass: string, args: string, input = ''): Promise<string> =>
    kafkaTool(mainClass, ['--bootstrap-server', server.broker.bootstrap, ...args.split(' ')], input)

  beforeAll(async () => {
    server = await testBroker({ 'log.cleaner.backoff.ms': '500' })
  })
  afterAll(() => server.remove())

  const lines = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('')

  test('topics are created, described, extended and deleted', async () => {
    expect(await tool(TOPICS, '--create --topic made --partitions 2 --config retention.ms=60000')).toMatch(/Created/)
    await tool(TOPICS, '--alter --topic made --partitions 3')
    const described = await tool(TOPICS, '--describe --topic made')
    expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: retention\.ms=60000/)
    await tool(TOPICS, '--delete --topic made')
    expect(await tool(TOPICS, '--list')).not.toMatch(/made/)
  })

  test('settings are changed and shown', async () => {
    await tool(TOPICS, '--create --topic set')
    await tool(CONFIGS, '--alter --entity-type topics --entity-name set --add-config cleanup.policy=[compact,delete]')
    expect(await tool(CONFIGS, '--describe --entity-type topics --entity-name set')).toMatch(
      /cleanup\.policy=compact,delete/,
    )
    await tool(CONFIGS, '--alter --entity-type topics --entity-name set --delete-config cleanup.policy')
    const all = await tool(CONFIGS, '--describe --all --entity-type topics --entity-name set')
    expect(all).toMatch(/cleanup\.policy=delete .*DEFAULT_CONFIG/)
    expect(await tool(CONFIGS, '--describe --all --entity-type brokers --entity-name 1')).toMatch(/num\.partitions=1/)
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('records go in and out: compression %s', async compression => {
    const topic = `console-${compression}`
    const producer = 'org.apache.kafka.tools.ConsoleProducer'
    await tool(producer, `--topic ${topic} --compression-codec ${compression}`, lines(0, 500))
    const out = await tool(CONSUMER, `--topic ${topic} --from-beginning --max-messages 500 --group ${topic}-group`)
    expect(out).toBe(lines(0, 500))
    expect(await tool(GROUPS, `--describe --group ${topic}-group`)).toMatch(/\s500\s+500\s+0\s/)
  })

  test('offsets of a group are reset, and the group deleted', async () => {
    await tool('org.apache.kafka.tools.ConsoleProducer', '--topic reset', lines(0, 20))
    await tool(CONSUMER, '--topic reset --from-beginning --max-messages 20 --group reset-group')
    await tool(GROUPS, '--group reset-group --topic reset --reset-offsets --to-offset 15 --execute')
    expect(await tool(CONSUMER, '--topic reset --max-messages 5 --group reset-group')).toBe(lines(15, 20))
    expect(await tool(GROUPS, '--describe --group reset-group --state')).toMatch(/Empty/)
    await tool(GROUPS, '--delete-offsets --group reset-group --topic reset')
    await tool(GROUPS, '--delete --group reset-group')
    expect(await tool(GROUPS, '--list')).not.toMatch(/reset-group/)
  })

  test('what groups committed can be read where Kafka keeps it', async () => {
    await tool('org.apache.kafka.tools.ConsoleProducer', '--topic kept', lines(0, 7))
    await tool(CONSUMER, '--topic kept --from-beginning --max-messages 7 --group kept-group')
    const formatters = 'org.apache.kafka.tools.consumer'
    const read = (formatter: string) =>
      tool(
        CONSUMER,
        `--topic __consumer_offsets --from-beginning --timeout-ms 2000 --formatter ${formatters}.${formatter}`,
      )
    const offset = /"group":"kept-group","topic":"kept","partition":0}},"value":{"version":3,"data":{"offset":7,/
    expect(await read('OffsetsMessageFormatter')).toMatch(offset)
    expect(await read('GroupMetadataMessageFormatter')).toMatch(/"group":"kept-group"}.*"protocolType":"consumer"/)
  })

  test('segments can be dumped, compacted ones with their delete horizon', async () => {
    // Small segments, which Kafka's own tool would refuse to ask for.
    const client = await WireClient.open(server.broker.port)
    const configs = Object.entries({
      'cleanup.policy': 'compact',
      'segment.bytes': '1024',
      'min.cleanable.dirty.ratio': '0.01',
    }).map(([name, value]) => ({ name, value }))
    await client.call(createTopics, 7, {
      topics: [{ name: 'dumped', numPartitions: 1, replicationFactor: 1, configs }],
    })
    client.close()
    const producer = 'org.apache.kafka.tools.ConsoleProducer'
    const records = Array.from({ length: 200 }, (_, i) => `k${i % 3}:v${i}\n`).join('')
    const properties = '--property parse.key=true --property key.separator=: --property null.marker=NULL'
    await tool(producer, `--topic dumped ${properties} --batch-size 1`, `gone:1\ngone:NULL\n${records}`)
    const folder = join(server.dataDir, 'topics', 'dumped-0')
    const first = join(folder, '00000000000000000000.log')
    // The cleaner passes several times while the records come: the last pass has to have seen the tombstone.
    const dump = await vi.waitFor(
      async () => {
        const text = await kafkaTool('org.apache.kafka.tools.DumpLogSegments', ['--files', first, '--print-data-log'])
        expect(text).toMatch(/deleteHorizonMs: OptionalLong\[\d+\]/)
        return text
      },
      { timeout: 40_000, interval: 500 },
    )
    expect(dump).not.toMatch(/isvalid: false/)
    expect(dump).toMatch(/offset: 1 CreateTime: 1\d{12} keySize: 4 valueSize: -1/)
    expect(dump.match(/key: gone/g)?.length).toBe(1)
  })

  test('an idempotent producer at full speed loses nothing', async () => {
    await tool(TOPICS, '--create --topic fast --partitions 3')
    const properties = `bootstrap.servers=${server.broker.bootstrap} acks=all enable.idempotence=true linger.ms=5`
    await kafkaTool('org.apache.kafka.tools.ProducerPerformance', [
      ...'--topic fast --num-records 200000 --record-size 300 --throughput -1 --producer-props'.split(' '),
      ...properties.split(' '),
    ])
    const ends = await tool('org.apache.kafka.tools.GetOffsetShell', '--topic fast')
    const total = [...ends.matchAll(/fast:\d:(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0)
    expect(total).toBe(200_000)
    const consumed = await kafkaTool('org.apache.kafka.tools.ConsumerPerformance', [
      ...`--bootstrap-server ${server.broker.bootstrap} --topic fast --messages 200000 --timeout 20000`.split(' '),
    ])
    expect(consumed).toMatch(/, 200000, /)
  })

  test('a transactional producer commits again and again, and its id is listed', async () => {
    await tool(TOPICS, '--create --topic whole --partitions 3')
    await kafkaTool('org.apache.kafka.tools.ProducerPerformance', [
      ...'--topic whole --num-records 20000 --record-size 100 --throughput -1 --transaction-duration-ms 50'.split(' '),
      ...'--transactional-id perf --producer-props'.split(' '),
      `bootstrap.servers=${server.broker.bootstrap}`,
    ])
    const out = await tool(
      CONSUMER,
      '--topic whole --from-beginning --isolation-level read_committed --timeout-ms 3000',
    )
    expect(out.split('\n').length - 1).toBe(20_000)
    const transactions = 'org.apache.kafka.tools.TransactionsCommand'
    expect(await tool(transactions, 'list')).toMatch(/perf\s+\S+\s+\d+\s+CompleteCommit/)
    expect(await tool(transactions, 'describe --transactional-id perf')).toMatch(/CompleteCommit/)
    expect(await tool(transactions, 'describe-producers --topic whole --partition 0')).toMatch(/ProducerId/)
    const formatter = 'org.apache.kafka.tools.consumer.TransactionLogMessageFormatter'
    expect(
      await tool(CONSUMER, `--topic __transaction_state --from-beginning --timeout-ms 2000 --formatter ${formatter}`),
    ).toMatch(/"transactionalId":"perf"/)
  })

  test('a Java program commits, aborts, is fenced by another and by an admin; offsets in transactions', async () => {
    await tool(TOPICS, '--create --topic java-in')
    await tool(TOPICS, '--create --topic java-out --partitions 2')
    const program = fileURLToPath(new URL('./java/Transactions.java', import.meta.url))
    expect(await run('java', ['-cp', join(kafkaLibs(), '*'), program, server.broker.bootstrap])).toMatch(/ok\n$/)
  })
})
