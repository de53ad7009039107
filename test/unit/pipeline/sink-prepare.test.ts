import { describe, expect, test } from 'vitest'
import type { Converter, HeaderConverter, RawHeader } from '../../../runtime/api/define.ts'
import { DataError, RetriableError } from '../../../runtime/api/errors.ts'
import { systemClock } from '../../../runtime/base/clock.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import headerConverter from '../../../runtime/converters/simple-header-converter.ts'
import { SinkPipeline } from '../../../runtime/pipeline/sink-pipeline.ts'
import { Tolerance } from '../../../runtime/pipeline/tolerance.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'
import { noErrors } from '../../../runtime/telemetry/metrics-task.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const header = headerConverter.create(parseOrThrow(headerConverter.config, {}) as never, 'header') as HeaderConverter
const string = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())

/** Decodes only what it has prepared, as a converter with a registry does. */
const preparing = (prepared: string[], prepare: (texts: readonly string[]) => void = () => {}): Converter => {
  const known = new Set<string>()
  return {
    encode: () => null,
    decode(_topic, bytes) {
      const text = string(bytes)
      if (text !== null && !known.has(text)) throw new DataError(`${text} is not known`)
      return { schema: null, value: text }
    },
    async prepareDecode({ topic, payloads }) {
      const texts = payloads.map(bytes => string(bytes)!)
      prepared.push(`${topic}: ${texts}`)
      prepare(texts)
      for (const text of texts) if (text !== 'unknown') known.add(text)
    },
  }
}

const pipelineOf = (key: Converter, value: Converter, retryTimeoutMs = 0, signal?: AbortSignal) =>
  new SinkPipeline({
    chain: { steps: [], ignoresPayload: true, prepares: false, close() {} },
    key: { className: 'KeyClass', converter: key },
    value: { className: 'ValueClass', converter: value },
    header: { className: 'HeaderClass', converter: header },
    tolerance: new Tolerance({
      settings: { tolerateAll: true, retryTimeoutMs, retryDelayMaxMs: 1, logErrors: false, logRecords: false },
      taskName: 'c-0',
      log: recordingLog(),
      clock: systemClock,
      counters: noErrors(),
    }),
    sinkClass: 'SinkClass',
    ...(signal && { signal }),
  })

const fetched = (records: readonly (readonly [string | null, string | null])[], from = 0) => {
  const writer = new RecordBatchWriter()
  for (const [key, value] of records)
    writer.add(1, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value))
  const reader = new RecordBatchReader()
  reader.read(Buffer.from(writer.finish()))
  return { topic: 't', partition: 0, reader, from }
}

describe('a converter that prepares to decode', () => {
  test('gets the bytes of a batch from where it starts, without tombstones, once', async () => {
    const keys: string[] = []
    const values: string[] = []
    const pipeline = pipelineOf(preparing(keys), preparing(values))
    const batch = fetched(
      [
        ['k0', 'v0'],
        ['k1', 'v1'],
        [null, 'v2'],
        ['k3', null],
      ],
      1,
    )
    const records = await pipeline.convert([batch as never])
    expect(records.map(({ key, value }) => [key, value])).toEqual([
      ['k1', 'v1'],
      [null, 'v2'],
      ['k3', null],
    ])
    expect({ keys, values }).toEqual({ keys: ['t: k1,k3'], values: ['t: v1,v2'] })
  })

  test('is not asked when there is nothing to decode', async () => {
    const keys: string[] = []
    await pipelineOf(preparing(keys), preparing([])).convert([fetched([[null, 'v']]) as never])
    expect(keys).toEqual([])
  })

  test('leaves what one record lacks to that record', async () => {
    const records = await pipelineOf(preparing([]), preparing([])).convert([
      fetched([
        [null, 'a'],
        [null, 'unknown'],
        [null, 'b'],
      ]) as never,
    ])
    expect(records.map(({ value }) => value)).toEqual(['a', 'b'])
  })

  test('is tried again while the tolerance allows it', async () => {
    const values: string[] = []
    const down = () => {
      if (values.length < 3) throw new RetriableError('down')
    }
    const records = await pipelineOf(preparing([]), preparing(values, down), 10_000).convert([
      fetched([[null, 'a']]) as never,
    ])
    expect(records).toHaveLength(1)
    expect(values).toEqual(['t: a', 't: a', 't: a'])
  })

  test('fails the task when it fails for good: no record is left out', async () => {
    const down = () => {
      throw new RetriableError('down')
    }
    await expect(
      pipelineOf(preparing([]), preparing([], down)).convert([fetched([[null, 'a']]) as never]),
    ).rejects.toThrow('A whole batch failed: stage VALUE_CONVERTER, class ValueClass')
  })

  test('prepares again for a record that is tried again', async () => {
    const values: string[] = []
    const converter = preparing(values)
    const late: Converter = {
      ...converter,
      decode(topic, bytes) {
        if (values.length < 2) throw new RetriableError('not yet')
        return converter.decode(topic, bytes)
      },
    }
    const records = await pipelineOf(preparing([]), late, 10_000).convert([
      fetched([
        [null, 'a'],
        [null, 'b'],
      ]) as never,
    ])
    expect(records.map(({ value }) => value)).toEqual(['a', 'b'])
    expect(values).toEqual(['t: a,b', 't: a'])
  })

  test('gets headers, then and when it decodes, where it reads them', async () => {
    const seen: unknown[] = []
    const texts = (headers: readonly RawHeader[] | undefined) =>
      headers?.map(({ key, value }) => `${key}=${string(value)}`)
    const reading: Converter = {
      encode: () => null,
      readsHeaders: true,
      decode(_topic, _bytes, headers) {
        seen.push(texts(headers))
        return { schema: null, value: null }
      },
      async prepareDecode({ payloads, headers }) {
        for (const index of payloads.keys()) seen.push(texts(headers!(index)))
      },
    }
    const writer = new RecordBatchWriter()
    writer.add(1, null, null, [{ key: 'none', value: null }])
    writer.add(1, null, Buffer.from('v'), [{ key: 'id', value: Buffer.from('7') }])
    const reader = new RecordBatchReader()
    reader.read(Buffer.from(writer.finish()))
    await pipelineOf(preparing([]), reading).convert([{ topic: 't', partition: 0, reader, from: 0 } as never])
    expect(seen).toEqual([['id=7'], ['none=null'], ['id=7']])
  })

  test('hears when nobody waits any longer', async () => {
    const stop = new AbortController()
    let heard: AbortSignal | undefined
    const waiting: Converter = { ...preparing([]), prepareDecode: async (_batch, signal) => void (heard = signal) }
    const pipeline = pipelineOf(preparing([]), waiting, 0, stop.signal)
    await pipeline.convert([fetched([[null, 'a']]) as never])
    expect(heard).toBe(stop.signal)
  })
})
