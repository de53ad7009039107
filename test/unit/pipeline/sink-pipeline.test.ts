import { describe, expect, test } from 'vitest'
import type { Converter, HeaderConverter } from '../../../runtime/api/define.ts'
import { DataError, RetriableError } from '../../../runtime/api/errors.ts'
import type { ConnectRecord, SinkRecord } from '../../../runtime/api/record.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import json from '../../../runtime/converters/json-converter.ts'
import headerConverter from '../../../runtime/converters/simple-header-converter.ts'
import strings from '../../../runtime/converters/string-converter.ts'
import type { FetchedBatch } from '../../../runtime/kafka/ports.ts'
import { SinkPipeline } from '../../../runtime/pipeline/sink-pipeline.ts'
import type { FailedRecord, Stage } from '../../../runtime/pipeline/stage.ts'
import { Tolerance, type ToleranceSettings } from '../../../runtime/pipeline/tolerance.ts'
import type { ChainStep, TransformChain } from '../../../runtime/pipeline/transform-chain.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter, type RecordHeader } from '../../../runtime/protocol/record-batch-writer.ts'
import { noErrors } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { until } from '../../support/fakes/wait.ts'

const plainJson = json.create(parseOrThrow(json.config, { 'schemas.enable': 'false' }) as never, 'value')
const text = strings.create(parseOrThrow(strings.config, {}) as never, 'key')
const simple = headerConverter.create(parseOrThrow(headerConverter.config, {}) as never, 'header') as HeaderConverter

const chainOf = (steps: readonly ChainStep[], ignoresPayload = steps.length === 0): TransformChain => ({
  steps,
  ignoresPayload,
  prepares: steps.some(({ prepare }) => prepare !== undefined),
  close() {},
})

interface Letter {
  readonly stage: Stage
  readonly className: string
  readonly message: string
  readonly record: FailedRecord
}

interface Options {
  readonly chain?: TransformChain
  readonly key?: Converter
  readonly value?: Converter
  readonly header?: HeaderConverter
  readonly settings?: Partial<ToleranceSettings>
}

const setup = (options: Options = {}) => {
  const log = recordingLog()
  const counters = noErrors()
  const letters: Letter[] = []
  const settings = {
    tolerateAll: true,
    retryTimeoutMs: 0,
    retryDelayMaxMs: 1,
    logErrors: true,
    logRecords: true,
    ...options.settings,
  }
  let flushes = 0
  let room = Promise.resolve()
  const pipeline = new SinkPipeline({
    chain: options.chain ?? chainOf([]),
    key: { className: 'KeyClass', converter: options.key ?? text },
    value: { className: 'ValueClass', converter: options.value ?? plainJson },
    header: { className: 'HeaderClass', converter: options.header ?? simple },
    tolerance: new Tolerance({
      settings,
      taskName: 'c-0',
      log,
      clock: systemClock,
      counters,
      deadLetters: {
        report: (record, stage, className, error) =>
          void letters.push({ record, stage, className, message: (error as Error).message }),
      },
    }),
    sinkClass: 'SinkClass',
    deadLetters: { ready: () => room, flush: async () => void flushes++ },
  })
  return {
    pipeline,
    log,
    counters,
    letters,
    flushes: () => flushes,
    full: (until: Promise<void>) => void (room = until),
  }
}

interface Stored {
  readonly key?: string | null
  readonly value: string | null
  readonly headers?: readonly RecordHeader[]
}

const fetched = (records: readonly Stored[], topic = 't', from = 0): FetchedBatch => {
  const writer = new RecordBatchWriter()
  records.forEach(({ key = null, value, headers }, index) => {
    writer.add(
      1000 + index,
      key === null ? null : Buffer.from(key),
      value === null ? null : Buffer.from(value),
      headers,
    )
  })
  const batch = Buffer.from(writer.finish())
  batch.writeBigInt64BE(100n, 0)
  const reader = new RecordBatchReader()
  reader.read(batch)
  return { topic, partition: 4, reader, from, nextOffset: 100 + records.length }
}

const step = (apply: (record: ConnectRecord) => ConnectRecord | null): ChainStep => ({ className: 'Step', apply })
const bad = (): never => {
  throw new DataError('bad')
}

describe('fetched batches', () => {
  test('become records in order, with their coordinates', async () => {
    const { pipeline } = setup()
    const header = { key: 'h', value: Buffer.from('5') }
    const records = await pipeline.convert([
      fetched([{ value: '0' }, { key: 'k', value: '{"a":1}', headers: [header] }, { value: null }], 't', 1),
      fetched([{ value: '"x"' }], 'u'),
    ])
    expect(
      records.map(({ topic, partition, offset, timestamp, key, value }) => [
        topic,
        partition,
        offset,
        timestamp,
        key,
        value,
      ]),
    ).toEqual([
      ['t', 4, 101, 1001, 'k', { a: 1 }],
      ['t', 4, 102, 1002, null, null],
      ['u', 4, 100, 1000, null, 'x'],
    ])
    expect(records[0]).toMatchObject({
      timestampType: 'CREATE_TIME',
      original: { topic: 't', partition: 4, offset: 101 },
    })
    expect(records[0]!.headers).toMatchObject([{ key: 'h', value: 5 }])
  })

  test('pass JSON on as bytes where no transform wants its object', async () => {
    const { pipeline } = setup({ chain: chainOf([step(one => ({ ...one, topic: 'u' }))], true) })
    const [record] = await pipeline.convert([fetched([{ value: '{"a":1}' }])])
    expect(record!.topic).toBe('u')
    const lazy = record!.lazyValue!
    const out = Buffer.alloc(lazy.maxJsonBytes)
    expect(out.toString('utf8', 0, lazy.writeJson(out, 0))).toBe('{"a":1}')
  })

  test('are objects of plain members for a transform', async () => {
    const seen: ConnectRecord[] = []
    const { pipeline } = setup({
      chain: chainOf([
        step(one => {
          seen.push(one)
          return { ...one, value: { ...(one.value as object), b: 2 } }
        }),
      ]),
    })
    const [record] = await pipeline.convert([fetched([{ key: 'k', value: '{"a":1}' }])])
    expect({ ...seen[0] }).toMatchObject({
      topic: 't',
      partition: 4,
      offset: 100,
      key: 'k',
      value: { a: 1 },
      timestamp: 1000,
    })
    expect(record!.value).toEqual({ a: 1, b: 2 })
    expect(record!.lazyValue).toBeUndefined()
  })

  test('keep where a record was read, whatever a transform makes of it', async () => {
    const { pipeline } = setup({ chain: chainOf([step(one => ({ ...one, topic: 'u', partition: 9, offset: 3 }))]) })
    const [record] = await pipeline.convert([fetched([{ value: '1' }])])
    expect(record).toMatchObject({
      topic: 'u',
      partition: 9,
      offset: 100,
      original: { topic: 't', partition: 4, offset: 100 },
    })
  })

  test('lose what a transform drops', async () => {
    const { pipeline, letters } = setup({ chain: chainOf([step(one => (one.value === 1 ? null : one))]) })
    const records = await pipeline.convert([fetched([{ value: '1' }, { value: '2' }])])
    expect(records.map(({ value }) => value)).toEqual([2])
    expect(letters).toEqual([])
  })

  test('let timers have their turn when they are large', async () => {
    const { pipeline } = setup()
    let turns = 0
    let going = true
    const count = () => {
      turns++
      if (going) setImmediate(count)
    }
    setImmediate(count)
    const batch = fetched(Array.from({ length: 1000 }, (_, value) => ({ value: String(value) })))
    await pipeline.convert(Array.from({ length: 20 }, () => batch))
    going = false
    expect(turns).toBeGreaterThanOrEqual(4)
  })
})

describe('headers', () => {
  const counted = () => {
    const seen: string[] = []
    const header: HeaderConverter = {
      encodeHeader: () => null,
      decodeHeader: (topic, key, bytes) => {
        seen.push(`${topic} ${key}`)
        return { schema: null, value: `${topic}:${bytes === null ? null : Buffer.from(bytes)}` }
      },
    }
    return { seen, header }
  }
  const h = (key: string, value: string) => ({ key, value: Buffer.from(value) })

  test('of records that follow each other are decoded once while they are the same', async () => {
    const { seen, header } = counted()
    const { pipeline } = setup({ header })
    const records = await pipeline.convert([
      fetched([
        { value: '1', headers: [h('a', 'x')] },
        { value: '2', headers: [h('a', 'x')] },
        { value: '3' },
        { value: '4', headers: [h('a', 'x')] },
        { value: '5', headers: [h('a', 'y')] },
        { value: '6', headers: [h('b', 'y')] },
      ]),
      fetched([{ value: '7', headers: [h('b', 'y')] }], 'u'),
    ])
    expect(records.map(({ headers }) => headers.map(one => `${one.key}=${one.value}`).join())).toEqual([
      'a=t:x',
      'a=t:x',
      '',
      'a=t:x',
      'a=t:y',
      'b=t:y',
      'b=u:y',
    ])
    expect(seen).toEqual(['t a', 't a', 't b', 'u b'])
    expect(Object.isFrozen(records[0]!.headers)).toBe(true)
  })

  test('that failed are decoded again', async () => {
    let calls = 0
    const header: HeaderConverter = {
      encodeHeader: () => null,
      decodeHeader: () => (calls++ === 1 ? bad() : { schema: null, value: calls }),
    }
    const { pipeline, letters } = setup({ header })
    const same = { value: '1', headers: [h('a', 'x')] }
    const other = { value: '1', headers: [h('a', 'y')] }
    const records = await pipeline.convert([fetched([same, other, same, other])])
    expect(records.map(({ headers }) => headers[0]?.value)).toEqual([1, 3, 4])
    expect(letters).toHaveLength(1)
  })
})

const header = { key: 'h', value: Buffer.from('x') }
const cases: [Stage, string, Options, Stored][] = [
  ['VALUE_CONVERTER', 'ValueClass', {}, { key: 'k', value: '{broken' }],
  ['KEY_CONVERTER', 'KeyClass', { key: plainJson }, { key: '{broken', value: '2' }],
  [
    'HEADER_CONVERTER',
    'HeaderClass',
    { header: { encodeHeader: bad, decodeHeader: bad } },
    { key: null, value: '2', headers: [header] },
  ],
  [
    'TRANSFORMATION',
    'Step',
    { chain: chainOf([step(one => one), step(one => (one.value === 2 ? bad() : one))]) },
    { value: '2' },
  ],
]

describe('a record that fails', () => {
  test.each(cases)(
    'in %s of %s becomes a letter of its own bytes, the others go on',
    async (stage, className, options, stored) => {
      const { pipeline, letters, log, counters } = setup(options)
      const records = await pipeline.convert([fetched([{ value: '1' }, stored, { value: '3' }])])
      expect(records.map(({ value }) => value)).toEqual([1, 3])
      expect(letters).toMatchObject([{ stage, className }])
      expect(letters[0]!.record.consumed).toEqual({
        topic: 't',
        partition: 4,
        offset: 101,
        timestamp: 1001,
        timestampType: 'CREATE_TIME',
        key: typeof stored.key === 'string' ? Buffer.from(stored.key) : null,
        value: Buffer.from(stored.value!),
        headers: stored.headers ?? [],
      })
      expect(log.lines.map(({ message }) => message)).toEqual([
        `Error encountered in task c-0. Executing stage '${stage}' with class '${className}', where consumed record is ` +
          `{topic='t', partition=4, offset=101, timestamp=1001, timestampType=CreateTime}.`,
      ])
      expect(counters).toMatchObject({ recordFailures: 1, recordsSkipped: 1 })
    },
  )

  test.each(cases)(
    'in %s of %s fails the task without tolerance, after its letter',
    async (stage, className, options, stored) => {
      const { pipeline, letters } = setup({ ...options, settings: { tolerateAll: false } })
      await expect(pipeline.convert([fetched([{ value: '1' }, stored, { value: '3' }])])).rejects.toThrow(
        `Tolerance exceeded in error handler\n  in stage ${stage}, class ${className}, record t-4@101`,
      )
      expect(letters).toHaveLength(1)
    },
  )

  test('waits until there is room for its letter before the next one fails', async () => {
    const { pipeline, letters, full } = setup()
    const room = deferred()
    const converting = pipeline.convert([fetched([{ value: '1' }, { value: '{' }, { value: '{' }])])
    full(room.promise)
    await until(() => letters.length === 1)
    await new Promise(resolve => setImmediate(resolve))
    expect(letters).toHaveLength(1)
    room.resolve()
    expect(await converting).toHaveLength(1)
    expect(letters).toHaveLength(2)
  })

  test('is tried again while its error is retriable, in its place', async () => {
    let left = 3
    const flaky = step(one => {
      if (one.value === 2 && left-- > 0) throw new RetriableError('busy')
      return one
    })
    const { pipeline, counters } = setup({
      chain: chainOf([flaky]),
      settings: { retryTimeoutMs: -1, tolerateAll: false },
    })
    const records = await pipeline.convert([fetched([{ value: '1' }, { value: '2' }, { value: '3' }])])
    expect(records.map(({ value }) => value)).toEqual([1, 2, 3])
    expect(counters.retries).toBe(3)
  })

  test('with retries exhausted fails the task: it is not left out silently (invariant 4)', async () => {
    const busy = step(() => {
      throw new RetriableError('busy')
    })
    const { pipeline, letters } = setup({ chain: chainOf([busy]), settings: { retryTimeoutMs: 5, tolerateAll: false } })
    await expect(pipeline.convert([fetched([{ value: '1' }])])).rejects.toThrow('Tolerance exceeded')
    expect(letters).toMatchObject([{ message: 'busy' }])
  })

  test('with retries exhausted is left out and dead-lettered where errors are tolerated', async () => {
    const busy = step(() => {
      throw new RetriableError('busy')
    })
    const { pipeline, letters } = setup({ chain: chainOf([busy]), settings: { retryTimeoutMs: 5 } })
    expect(await pipeline.convert([fetched([{ value: '1' }])])).toEqual([])
    expect(letters).toMatchObject([{ stage: 'TRANSFORMATION', message: 'busy' }])
  })
})

describe('a record that the connector rejects', () => {
  const renamed = chainOf([step(one => ({ ...one, topic: 'u', value: 'other' }))])

  test('becomes a letter of the bytes that were consumed', async () => {
    const { pipeline, letters, flushes } = setup({ chain: renamed })
    const [record] = await pipeline.convert([fetched([{ value: '1' }])])
    pipeline.reject(record!, new DataError('too long'))
    expect(letters).toMatchObject([
      {
        stage: 'TASK_PUT',
        className: 'SinkClass',
        message: 'too long',
        record: { consumed: { topic: 't', offset: 100, value: Buffer.from('1') } },
      },
    ])
    await pipeline.flush()
    expect(flushes()).toBe(1)
  })

  test('is refused when it is a copy, whose bytes nobody knows (invariant 4)', async () => {
    const { pipeline, letters } = setup()
    const [record] = await pipeline.convert([fetched([{ value: '1' }])])
    expect(() => pipeline.reject({ ...record! } as SinkRecord, new DataError('too long'))).toThrow(
      'SinkClass rejected an object that is no record of its batch',
    )
    expect(letters).toEqual([])
  })

  test('fails the task without tolerance', async () => {
    const { pipeline, letters } = setup({ settings: { tolerateAll: false } })
    const [record] = await pipeline.convert([fetched([{ value: '1' }])])
    expect(() => pipeline.reject(record!, new DataError('too long'))).toThrow(
      'Tolerance exceeded in error handler\n  in stage TASK_PUT, class SinkClass, record t-4@100',
    )
    expect(letters).toHaveLength(1)
  })
})

test('a chain that prepares gets each step its records first, without those that failed', async () => {
  const seen: string[] = []
  const preparing = (name: string, apply: ChainStep['apply']): ChainStep => ({
    className: name,
    async prepare(batch) {
      seen.push(`${name} prepares ${batch.map(({ value }) => value)}`)
    },
    apply(one) {
      seen.push(`${name} ${one.value}`)
      return apply(one)
    },
  })
  const { pipeline, letters } = setup({
    chain: chainOf([preparing('A', one => (one.value === 1 ? null : one)), preparing('B', one => one)]),
  })
  const records = await pipeline.convert([
    fetched([{ value: '0' }, { value: '1' }, { value: '{' }, { value: '3' }], 't', 1),
  ])
  expect(seen).toEqual(['A prepares 1,3', 'A 1', 'A 3', 'B prepares 3', 'B 3'])
  expect(records.map(({ offset, value }) => [offset, value])).toEqual([[103, 3]])
  expect(letters).toMatchObject([{ stage: 'VALUE_CONVERTER', record: { consumed: { offset: 102 } } }])
})

test('a log line says whose time it is', async () => {
  const { pipeline, log } = setup()
  const batch = fetched([{ value: '{' }])
  batch.reader.attributes |= 8
  await pipeline.convert([batch])
  expect(log.lines[0]!.message).toContain('timestampType=LogAppendTime}')
})
