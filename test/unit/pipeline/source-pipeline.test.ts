import { describe, expect, test } from 'vitest'
import type { Converter, HeaderConverter } from '../../../runtime/api/define.ts'
import { DataError, RetriableError } from '../../../runtime/api/errors.ts'
import { LazyValue } from '../../../runtime/api/lazy.ts'
import type { ConnectRecord, SourceRecord } from '../../../runtime/api/record.ts'
import { s } from '../../../runtime/api/schema.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import json from '../../../runtime/converters/json-converter.ts'
import headerConverter from '../../../runtime/converters/simple-header-converter.ts'
import strings from '../../../runtime/converters/string-converter.ts'
import { partitionForKey } from '../../../runtime/kafka/partitioner.ts'
import type { Delivery } from '../../../runtime/kafka/ports.ts'
import { SourcePipeline, type SourceTracker } from '../../../runtime/pipeline/source-pipeline.ts'
import { Tolerance, type ToleranceSettings } from '../../../runtime/pipeline/tolerance.ts'
import type { ChainStep, TransformChain } from '../../../runtime/pipeline/transform-chain.ts'
import { noErrors } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { FakeProducer } from './fake-producer.ts'

const plainJson = json.create(parseOrThrow(json.config, { 'schemas.enable': 'false' }) as never, 'value')
const text = strings.create(parseOrThrow(strings.config, {}) as never, 'key')
const simple = headerConverter.create(parseOrThrow(headerConverter.config, {}) as never, 'header') as HeaderConverter

const chainOf = (steps: readonly ChainStep[], ignoresPayload = steps.length === 0): TransformChain => ({
  steps,
  ignoresPayload,
  prepares: steps.some(({ prepare }) => prepare !== undefined),
  close() {},
})

interface Options {
  readonly chain?: TransformChain
  readonly key?: Converter
  readonly value?: Converter
  readonly header?: HeaderConverter
  readonly settings?: Partial<ToleranceSettings>
  readonly ensureTopic?: (topic: string) => Promise<void>
}

const setup = (options: Options = {}) => {
  const producer = new FakeProducer()
  const log = recordingLog()
  const counters = noErrors()
  const calls: string[] = []
  const delivery: Delivery = { acknowledged() {}, failed() {} }
  const tracker: SourceTracker = {
    submit(record) {
      calls.push(`submit ${record.sourceOffset['n']}`)
      return delivery
    },
    dropped: record => void calls.push(`dropped ${record.sourceOffset['n']}`),
  }
  const settings = {
    tolerateAll: true,
    retryTimeoutMs: 0,
    retryDelayMaxMs: 1,
    logErrors: true,
    logRecords: true,
    ...options.settings,
  }
  const ensured: string[] = []
  const pipeline = new SourcePipeline({
    chain: options.chain ?? chainOf([]),
    key: { className: 'KeyClass', converter: options.key ?? text },
    value: { className: 'ValueClass', converter: options.value ?? plainJson },
    header: { className: 'HeaderClass', converter: options.header ?? simple },
    tolerance: new Tolerance({ settings, taskName: 'c-0', log, clock: systemClock, counters }),
    producer,
    ensureTopic: async topic => {
      ensured.push(topic)
      await options.ensureTopic?.(topic)
    },
    now: () => 777,
  })
  return {
    pipeline,
    producer,
    tracker,
    calls,
    counters,
    log,
    ensured,
    append: (batch: SourceRecord[]) => pipeline.append(batch, tracker),
  }
}

const record = (n: number, rest: Partial<SourceRecord> = {}): SourceRecord => ({
  topic: 't',
  keySchema: s.string(),
  key: `k${n}`,
  value: { n },
  timestamp: 1000 + n,
  sourcePartition: { p: 'a' },
  sourceOffset: { n },
  ...rest,
})

class Lazy extends LazyValue {
  built = 0
  readonly maxJsonBytes = 500
  readonly text: string
  constructor(text: string) {
    super()
    this.text = text
  }
  get(): unknown {
    this.built++
    return JSON.parse(this.text)
  }
  writeJson(target: Buffer, at: number): number {
    return at + target.write(this.text, at)
  }
}

const step = (apply: (record: ConnectRecord) => ConnectRecord | null): ChainStep => ({ className: 'Step', apply })
const bad = (): never => {
  throw new DataError('bad')
}

describe('a record', () => {
  test('is written with key, value, headers and time, and submitted in order', async () => {
    const { append, producer, calls, ensured } = setup()
    const headers = [
      { key: 'h', schema: s.int32(), value: 5 },
      { key: 'h', schema: null, value: null },
    ]
    await append([record(1), record(2, { headers })])
    const at = (key: string) => partitionForKey(Buffer.from(key), 0, 2, 3)
    const expected = [
      { partition: at('k1'), timestamp: 1001, key: 'k1', value: '{"n":1}', headers: [] },
      {
        partition: at('k2'),
        timestamp: 1002,
        key: 'k2',
        value: '{"n":2}',
        headers: [
          { key: 'h', value: '5' },
          { key: 'h', value: null },
        ],
      },
    ]
    expect(producer.records('t')).toEqual(expected.sort((a, b) => a.partition - b.partition))
    expect(calls).toEqual(['submit 1', 'submit 2'])
    expect(ensured).toEqual(['t'])
    await append([record(3)])
    expect(ensured).toEqual(['t'])
  })

  test('goes where it says; without a key to the sticky partition, without a time it gets one', async () => {
    const { append, producer } = setup()
    await append([
      record(1, { partition: 1, timestamp: null }),
      record(2, { key: null, keySchema: null, timestamp: -1 }),
      record(3, { key: null, keySchema: null, value: null, partition: 0, timestamp: 0 }),
    ])
    expect(producer.records('t')).toMatchObject([
      { partition: 0, timestamp: 0, key: null, value: null },
      { partition: 1, timestamp: 777, key: 'k1' },
      { partition: 2, timestamp: 777, key: null, value: '{"n":2}' },
    ])
  })

  test.each([
    [{ partition: 3 }, 'Invalid partition given with record: 3 is not in the range [0...3) of topic t.'],
    [{ partition: -1 }, 'Invalid partition given with record: -1'],
    [{ partition: 0.5 }, 'Invalid partition given with record: 0.5'],
    [{ timestamp: -2 }, 'Invalid record timestamp -2 for topic t'],
    [{ timestamp: Number.NaN }, 'Invalid record timestamp NaN'],
  ])('that has %j fails the task, tolerated or not, and leaves no trace', async (rest, message) => {
    const { append, producer, calls } = setup()
    await expect(append([record(1, { partition: 0 }), record(2, rest)])).rejects.toThrow(message)
    expect(calls).toEqual(['submit 1'])
    expect(producer.records('t')).toHaveLength(1)
  })

  test('with one list of headers for all is not encoded again, but for another topic', async () => {
    const headers = [{ key: 'h', schema: null, value: 'x' }]
    const topics: string[] = []
    const header: HeaderConverter = {
      ...simple,
      encodeHeader: (topic, ...rest) => {
        topics.push(topic)
        return simple.encodeHeader(topic, ...rest)
      },
    }
    const { append, producer } = setup({ header })
    await append([
      record(1, { headers }),
      record(2, { headers }),
      record(3, { headers, topic: 'u' }),
      record(4, { headers }),
    ])
    expect(topics).toEqual(['t', 'u', 't'])
    expect(producer.records('t').map(({ headers: [one] }) => one!.value)).toEqual(['x', 'x', 'x'])
  })
})

describe('a lazy value', () => {
  test('is written as it is where no transform wants its object', async () => {
    const value = new Lazy('{"a":1}')
    const { append, producer } = setup({ chain: chainOf([step(one => ({ ...one, topic: 'u' }))], true) })
    await append([record(1, { value })])
    expect(producer.records('u')[0]!.value).toBe('{"a":1}')
    expect(value.built).toBe(0)
  })

  test('is an object for a transform, in a record of plain members', async () => {
    const value = new Lazy('{"a":1}')
    const seen: ConnectRecord[] = []
    const { append, producer } = setup({
      chain: chainOf([
        step(one => {
          seen.push(one)
          return { ...one, value: { ...(one.value as object), b: 2 } }
        }),
      ]),
    })
    const source = record(1)
    const withGetters = Object.create({ ...source, value }, {}) as SourceRecord
    await append([withGetters])
    expect(seen).toEqual([
      {
        topic: 't',
        partition: null,
        keySchema: s.string(),
        key: 'k1',
        valueSchema: null,
        value: { a: 1 },
        timestamp: 1001,
        headers: [],
      },
    ])
    expect(producer.records('t')[0]!.value).toBe('{"a":1,"b":2}')
  })

  test('that is no value fails in the first transform', async () => {
    const { append, log, calls } = setup({ chain: chainOf([step(one => one)]) })
    await append([record(1, { value: new Lazy('{') })])
    expect(calls).toEqual(['dropped 1'])
    expect(log.lines[0]!.message).toContain("Executing stage 'TRANSFORMATION' with class 'Step'")
  })
})

test('a record that is only a position counts as left out, and is shown to no transform', async () => {
  const seen: string[] = []
  const { append, producer, calls } = setup({
    chain: chainOf([
      step(one => {
        seen.push(one.topic)
        return one
      }),
    ]),
  })
  await append([record(1), record(2, { topic: '', positionOnly: true })])
  await append([record(3, { topic: '', positionOnly: true })])
  const silent = (n: number) => record(n, { topic: '', positionOnly: true })
  await append([silent(4), record(5), silent(6), silent(7), record(8), record(9)])
  expect(calls).toEqual([
    ...['submit 1', 'dropped 2', 'dropped 3'],
    ...['dropped 4', 'submit 5', 'dropped 6', 'dropped 7', 'submit 8', 'submit 9'],
  ])
  expect(seen).toEqual(['t', 't', 't', 't'])
  expect(producer.records('t')).toHaveLength(4)
})

describe('a record that fails', () => {
  const failing = (n: string): Converter => ({
    encode: (topic, schema, value) =>
      String((value as { n?: number })?.n ?? value).endsWith(n) ? bad() : plainJson.encode(topic, schema, value),
    // Half of it is in the batch when it fails.
    encodeInto(out, topic, schema, value) {
      out.writeText('garbage')
      if (String((value as { n?: number })?.n ?? value).endsWith(n)) bad()
      out.pos -= 7
      return plainJson.encodeInto!(out, topic, schema, value)
    },
    decode: plainJson.decode,
  })
  const whole = ({ encode, decode }: Converter): Converter => ({ encode, decode })
  const header: HeaderConverter = { encodeHeader: bad, decodeHeader: bad }
  const headers = [{ key: 'h', schema: null, value: 'x' }]
  const drop2 = step(one => ((one.value as { n: number }).n === 2 ? bad() : one))

  const cases: [string, string, Options, Partial<SourceRecord>][] = [
    ['TRANSFORMATION', 'Step', { chain: chainOf([step(one => one), drop2]) }, {}],
    ['KEY_CONVERTER', 'KeyClass', { key: failing('k2') }, {}],
    ['VALUE_CONVERTER', 'ValueClass', { value: failing('2') }, {}],
    ['VALUE_CONVERTER', 'ValueClass', { value: whole(failing('2')) }, {}],
    ['HEADER_CONVERTER', 'HeaderClass', { header }, { headers }],
  ]

  test.each(cases)(
    'in %s of %s is left out with errors.tolerance=all, the others stay whole',
    async (stage, className, options, rest) => {
      const { append, producer, calls, log, counters } = setup(options)
      await append([record(1, { partition: 0 }), record(2, { partition: 0, ...rest }), record(3, { partition: 0 })])
      expect(calls).toEqual(['submit 1', 'dropped 2', 'submit 3'])
      expect(producer.records('t').map(({ value }) => value)).toEqual(['{"n":1}', '{"n":3}'])
      expect(log.lines.map(({ message }) => message)).toEqual([
        `Error encountered in task c-0. Executing stage '${stage}' with class '${className}', where source record is = ` +
          `SourceRecord{sourcePartition={"p":"a"}, sourceOffset={"n":2}} ConnectRecord{topic='t', kafkaPartition=0, timestamp=1002}.`,
      ])
      expect(counters).toMatchObject({ recordFailures: 1, recordsSkipped: 1 })
    },
  )

  test.each(cases)('in %s of %s fails the task without', async (stage, className, options, rest) => {
    const { append, producer, calls } = setup({ ...options, settings: { tolerateAll: false } })
    await expect(
      append([record(1, { partition: 0 }), record(2, { partition: 0, ...rest }), record(3, { partition: 0 })]),
    ).rejects.toThrow(`Tolerance exceeded in error handler\n  in stage ${stage}, class ${className}`)
    expect(calls).toEqual(['submit 1'])
    expect(producer.records('t').map(({ value }) => value)).toEqual(['{"n":1}'])
  })

  test('is tried again while its error is retriable, and the order stays', async () => {
    let left = 3
    const flaky = step(one => {
      if ((one.value as { n: number }).n === 2 && left-- > 0) throw new RetriableError('busy')
      return one
    })
    const { append, calls, counters, producer } = setup({
      chain: chainOf([flaky]),
      settings: { retryTimeoutMs: -1, tolerateAll: false },
    })
    await append([record(1, { partition: 0 }), record(2, { partition: 0 }), record(3, { partition: 0 })])
    expect(calls).toEqual(['submit 1', 'submit 2', 'submit 3'])
    expect(producer.records('t').map(({ value }) => value)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    expect(counters).toMatchObject({ retries: 3, recordsSkipped: 0 })
  })

  test('for good after a retry is judged by its last error', async () => {
    let calledTwice = false
    const flaky = step(() => {
      if (calledTwice) return bad()
      calledTwice = true
      throw new RetriableError('busy')
    })
    const { append } = setup({ chain: chainOf([flaky]), settings: { retryTimeoutMs: -1, tolerateAll: false } })
    await expect(append([record(1)])).rejects.toMatchObject({ cause: { message: 'bad' } })
  })

  test('with retries exhausted fails the task: it is not left out silently (invariant 4)', async () => {
    const busy = step(() => {
      throw new RetriableError('busy')
    })
    const { append, calls } = setup({ chain: chainOf([busy]), settings: { retryTimeoutMs: 5, tolerateAll: false } })
    await expect(append([record(1)])).rejects.toThrow('Tolerance exceeded in error handler\n  in stage TRANSFORMATION')
    expect(calls).toEqual([])
  })

  test('because its topic cannot be made fails the task as it is', async () => {
    const { append } = setup({ ensureTopic: () => Promise.reject(new Error('TOPIC_AUTHORIZATION_FAILED')) })
    await expect(append([record(1)])).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
  })
})

describe('a chain', () => {
  test('that drops a record says so', async () => {
    const { append, calls } = setup({
      chain: chainOf([step(one => ((one.value as { n: number }).n === 1 ? null : one))]),
    })
    await append([record(1), record(2)])
    expect(calls).toEqual(['dropped 1', 'submit 2'])
  })

  test('that prepares gets each step its records first, without those that were dropped or failed', async () => {
    const seen: string[] = []
    const n = (one: ConnectRecord) => (one.value as { n: number }).n
    const preparing = (name: string, apply: ChainStep['apply']): ChainStep => ({
      className: name,
      async prepare(batch) {
        seen.push(`${name} prepares ${batch.map(n)}`)
      },
      apply(one) {
        seen.push(`${name} ${n(one)}`)
        return apply(one)
      },
    })
    const { append, calls } = setup({
      chain: chainOf([
        preparing('A', one => (n(one) === 1 ? null : n(one) === 2 ? bad() : one)),
        preparing('B', one => one),
      ]),
    })
    await append([record(1), record(2), record(3)])
    expect(seen).toEqual(['A prepares 1,2,3', 'A 1', 'A 2', 'A 3', 'B prepares 3', 'B 3'])
    expect(calls).toEqual(['dropped 1', 'dropped 2', 'submit 3'])
  })
})

test('a large batch lets timers have their turn', async () => {
  const { append } = setup()
  let turns = 0
  let going = true
  const count = () => {
    turns++
    if (going) setImmediate(count)
  }
  setImmediate(count)
  await append(Array.from({ length: 20_000 }, (_, n) => record(n)))
  going = false
  expect(turns).toBeGreaterThanOrEqual(4)
})

describe('a converter that prepares', () => {
  const preparing = (seen: unknown[], fails: () => unknown = () => undefined): Converter => ({
    ...plainJson,
    async prepare(batch) {
      seen.push(batch)
      const error = fails()
      if (error !== undefined) throw error
    },
    encodeInto(out, topic, schema, value) {
      seen.push('encode')
      return plainJson.encodeInto!(out, topic, schema, value)
    },
  })
  const schema = s.struct({ n: s.int32() })

  test('hears of each schema once per topic, after the transforms, before the first record', async () => {
    const seen: unknown[] = []
    const { append, producer } = setup({
      value: preparing(seen),
      chain: chainOf([step(one => ((one.value as { n: number }).n === 4 ? null : { ...one, valueSchema: schema }))]),
    })
    await append([record(1), record(2), record(3, { topic: 'u' }), record(4, { topic: 'v' })])
    const schemas = [schema]
    expect(seen).toEqual([{ topic: 't', schemas }, { topic: 'u', schemas }, 'encode', 'encode', 'encode'])
    expect(producer.records('t')).toHaveLength(2)
  })

  test('gets lazy values as they are', async () => {
    const value = new Lazy('{"a":1}')
    const { append, producer } = setup({ value: preparing([]) })
    await append([record(1, { value })])
    expect(producer.records('t')[0]!.value).toBe('{"a":1}')
    expect(value.built).toBe(0)
  })

  test('is asked again while its error is retriable; for good it fails the task, tolerated or not', async () => {
    const seen: unknown[] = []
    const errors: unknown[] = [new RetriableError('busy'), new RetriableError('busy'), undefined]
    const flaky = setup({ key: preparing(seen, () => errors.shift()), settings: { retryTimeoutMs: -1 } })
    await flaky.append([record(1)])
    expect(seen).toHaveLength(4)
    const { append, calls } = setup({ key: preparing([], () => new Error('no such registry')) })
    await expect(append([record(1)])).rejects.toThrow('A whole batch failed: stage KEY_CONVERTER, class KeyClass')
    expect(calls).toEqual([])
  })
})
