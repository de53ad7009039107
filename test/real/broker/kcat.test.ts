import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestBroker, testBroker } from '../../support/test-broker.ts'
import { run } from './tool.ts'

/** librdkafka, through kcat. */
describe('kcat on the embedded broker', () => {
  let server: TestBroker
  const kcat = (args: string, input = ''): Promise<string> =>
    run('kcat', ['-b', server.broker.bootstrap, ...args.split(' ')], input)

  beforeAll(async () => {
    server = await testBroker()
  })
  afterAll(() => server.remove())

  const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('records go in and out: compression %s', async codec => {
    const topic = `kcat-${codec}`
    await kcat(
      `-P -t ${topic} -z ${codec} -K : -H source=kcat`,
      numbered(0, 2000)
        .map(n => `k${n}:v${n}\n`)
        .join(''),
    )
    const out = await kcat(`-C -t ${topic} -o beginning -e -q -f %k=%s/%h\\n`)
    expect(out.trimEnd().split('\n')).toEqual(numbered(0, 2000).map(n => `k${n}=v${n}/source=kcat`))
  })

  test('an idempotent producer', async () => {
    const input = numbered(0, 10_000)
      .map(n => `${n}\n`)
      .join('')
    await kcat('-P -t idempotent -X enable.idempotence=true -X batch.num.messages=50', input)
    expect(await kcat('-C -t idempotent -o beginning -e -q')).toBe(input)
  })

  test('a group goes on where it stopped', async () => {
    await kcat(
      '-P -t grouped',
      numbered(0, 20)
        .map(n => `${n}\n`)
        .join(''),
    )
    const consume = (count: number) => run('kcat', groupArgs(count))
    const groupArgs = (count: number) =>
      `-b ${server.broker.bootstrap} -q -X auto.offset.reset=earliest -c ${count} -G readers grouped`.split(' ')
    expect(await consume(12)).toBe(
      numbered(0, 12)
        .map(n => `${n}\n`)
        .join(''),
    )
    expect(await consume(8)).toBe(
      numbered(12, 20)
        .map(n => `${n}\n`)
        .join(''),
    )
  })

  test('the cluster is listed, and offsets are found by time', async () => {
    const listed = JSON.parse(await kcat('-L -J')) as { brokers: { name: string }[]; topics: { topic: string }[] }
    expect(listed.brokers).toMatchObject([{ name: server.broker.bootstrap }])
    expect(listed.topics.map(t => t.topic)).toContain('grouped')
    expect(await kcat('-Q -t grouped:0:0')).toMatch(/grouped \[0\] offset 0/)
    expect(await kcat('-Q -t grouped:0:-1')).toMatch(/grouped \[0\] offset 20/)
  })
})
