// node test/bench/pipeline.bench.ts [records]: what the way from a source's records to a batch, and from a batch to a
// sink's records, costs without connector and network.
import { pathToFileURL } from 'node:url'
import type { Converter, HeaderConverter } from '../../runtime/api/define.ts'
import { LazyValue } from '../../runtime/api/lazy.ts'
import type { SourceRecord } from '../../runtime/api/record.ts'
import { type Schema, s } from '../../runtime/api/schema.ts'
import { systemClock } from '../../runtime/base/clock.ts'
import { parseOrThrow } from '../../runtime/config/parse.ts'
import json from '../../runtime/converters/json-converter.ts'
import headerConverter from '../../runtime/converters/simple-header-converter.ts'
import type { FetchedBatch, Producer } from '../../runtime/kafka/ports.ts'
import { SinkPipeline } from '../../runtime/pipeline/sink-pipeline.ts'
import { SourcePipeline, type SourceTracker } from '../../runtime/pipeline/source-pipeline.ts'
import { Tolerance } from '../../runtime/pipeline/tolerance.ts'
import type { TransformChain } from '../../runtime/pipeline/transform-chain.ts'
import { RecordBatchReader } from '../../runtime/protocol/record-batch-reader.ts'
import { RecordBatchWriter } from '../../runtime/protocol/record-batch-writer.ts'
import { noErrors } from '../../runtime/telemetry/metrics-task.ts'

export type PipelineLeg =
  | 'lazy values alone'
  | 'source append, lazy values'
  | 'source append, objects, schemas off'
  | 'source append, objects, schemas on'
  | 'sink, JSON passed through'
  | 'sink, JSON as objects'

export interface PipelineFigure {
  readonly leg: PipelineLeg
  readonly valueBytes: number
  /** CPU seconds (user and system) per million records; the median of the rounds. */
  readonly cpuSecondsPerMillion: number
}

const perBatch = 1000
const batchBytes = 1 << 20

const optional = { optional: true }
const row = s.struct(
  {
    id: s.int64(),
    customer_id: s.int32(),
    qty: s.int32(optional),
    price: s.string(optional),
    note: s.string(optional),
    paid: s.boolean(optional),
    created: s.int64(optional),
    doc: s.string(optional),
    uid: s.string(optional),
    status: s.int32(optional),
  },
  { name: 'bench.public.orders.Value', optional: true },
)
const origin = s.struct({
  version: s.string(),
  connector: s.string(),
  name: s.string(),
  ts_ms: s.int64(),
  snapshot: s.string(optional),
  db: s.string(),
  sequence: s.string(optional),
  schema: s.string(),
  table: s.string(),
  txId: s.int64(optional),
  lsn: s.int64(optional),
})
const envelope = s.struct({
  before: row,
  after: row,
  source: origin,
  op: s.string(),
  ts_ms: s.int64(optional),
})
const keySchema = s.struct({ id: s.int64() })

/** An update of a row of ten columns in Debezium's form: about 730 bytes as JSON. */
const change = (id: number) => {
  const image = {
    id,
    customer_id: id % 1000,
    qty: id % 17,
    price: '123.45',
    note: `note "${id}" with some words in it`,
    paid: id % 2 === 0,
    created: 1_767_225_600_000_000 + id,
    doc: `{"a": ${id}, "b": "text ${id}"}`,
    uid: '5e884898-da28-0471-51d0-e56f8dc62927',
    status: id % 5,
  }
  return {
    before: { ...image, status: 0 },
    after: image,
    source: {
      version: '3.6.1.Final',
      connector: 'postgresql',
      name: 'bench',
      ts_ms: 1_767_225_600_000,
      snapshot: 'false',
      db: 'shop',
      sequence: null,
      schema: 'public',
      table: 'orders',
      txId: 750,
      lsn: 24_023_128,
    },
    op: 'u',
    ts_ms: 1_767_225_600_123,
  }
}

class Ready extends LazyValue {
  readonly #bytes: Buffer
  readonly maxJsonBytes: number

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
    this.maxJsonBytes = bytes.length
  }

  get(): unknown {
    return JSON.parse(this.#bytes.toString())
  }

  writeJson(target: Buffer, at: number): number {
    target.set(this.#bytes, at)
    return at + this.#bytes.length
  }
}

const noChain: TransformChain = { steps: [], ignoresPayload: true, prepares: false, close() {} }
const converter = (schemas: boolean): Converter =>
  json.create(parseOrThrow(json.config, { 'schemas.enable': String(schemas) }) as never, 'value')
const headers = headerConverter.create(
  parseOrThrow(headerConverter.config, {}) as never,
  'header',
) as unknown as HeaderConverter
const quiet = () => {}
const tolerance = new Tolerance({
  settings: { tolerateAll: false, retryTimeoutMs: 0, retryDelayMaxMs: 0, logErrors: false, logRecords: false },
  taskName: 'bench-0',
  log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
  clock: systemClock,
  counters: noErrors(),
})

/** Batches that are written and thrown away. */
const discard = (): Pick<Producer, 'prepare' | 'partitionCount' | 'stickyPartition' | 'open' | 'appended'> => {
  const writers = Array.from({ length: 4 }, () => new RecordBatchWriter(2 * batchBytes))
  return {
    prepare: async () => {},
    partitionCount: () => writers.length,
    stickyPartition: () => 0,
    open: (_, partition) => writers[partition]!,
    appended(_, partition) {
      if (writers[partition]!.sizeInBytes > batchBytes) writers[partition]!.reset()
    },
  }
}

const sourceLeg = (schemas: boolean, records: readonly SourceRecord[]): (() => Promise<void>) => {
  const both = converter(schemas)
  const pipeline = new SourcePipeline({
    chain: noChain,
    key: { className: 'JsonConverter', converter: both },
    value: { className: 'JsonConverter', converter: both },
    header: { className: 'SimpleHeaderConverter', converter: headers },
    tolerance,
    producer: discard(),
    ensureTopic: async () => {},
    now: Date.now,
  })
  const delivery = { acknowledged() {}, failed() {} }
  const tracker: SourceTracker = { submit: () => delivery, dropped: quiet }
  return () => pipeline.append(records, tracker)
}

const sinkLeg = (values: readonly Buffer[], objects: boolean): (() => Promise<void>) => {
  const both = converter(false)
  const pipeline = new SinkPipeline({
    chain: noChain,
    key: { className: 'JsonConverter', converter: both },
    value: { className: 'JsonConverter', converter: both },
    header: { className: 'SimpleHeaderConverter', converter: headers },
    tolerance,
    sinkClass: 'Bench',
  })
  const writer = new RecordBatchWriter(2 * batchBytes)
  for (const [id, value] of values.entries()) writer.add(1_767_225_600_000, Buffer.from(`{"id":${id}}`), value)
  const reader = new RecordBatchReader()
  reader.read(Buffer.from(writer.finish()))
  const batch: FetchedBatch = { topic: 't', partition: 0, reader, from: 0, nextOffset: perBatch }
  const out = Buffer.allocUnsafe(4096)
  return async () => {
    const records = await pipeline.convert([batch])
    let seen = 0
    for (const record of records) {
      if (objects) seen += (record.value as { op?: string }).op === 'u' ? 1 : 0
      else seen += record.lazyValue!.writeJson(out, 0) > 0 ? 1 : 0
    }
    if (seen !== perBatch) throw new Error(`${seen} records came where ${perBatch} were expected`)
  }
}

/** Takes updates of a row of ten columns, keys of one column, through both pipelines in runs of 1,000; in this thread. */
export async function benchPipeline(recordsPerRound = 200_000, rounds = 5): Promise<PipelineFigure[]> {
  const changes = Array.from({ length: perBatch }, (_, id) => change(id))
  const off = converter(false)
  const values = changes.map(value => Buffer.from(off.encode('t', envelope, value)!))
  const recordOf = (id: number, valueSchema: Schema, value: unknown): SourceRecord => ({
    topic: 't',
    keySchema,
    key: { id },
    valueSchema,
    value,
    timestamp: 1_767_225_600_000,
    sourcePartition: { server: 'bench' },
    sourceOffset: { lsn: id },
  })
  const objects = changes.map((value, id) => recordOf(id, envelope, value))
  const lazies = values.map((bytes, id) => recordOf(id, envelope, new Ready(bytes)))
  const out = Buffer.allocUnsafe(2 * batchBytes)
  const alone = async () => {
    let at = 0
    for (const { value } of lazies) at = (value as Ready).writeJson(out, at > batchBytes ? 0 : at)
  }
  const legs: readonly { leg: PipelineLeg; run: () => Promise<void> }[] = [
    { leg: 'lazy values alone', run: alone },
    { leg: 'source append, lazy values', run: sourceLeg(false, lazies) },
    { leg: 'source append, objects, schemas off', run: sourceLeg(false, objects) },
    { leg: 'source append, objects, schemas on', run: sourceLeg(true, objects) },
    { leg: 'sink, JSON passed through', run: sinkLeg(values, false) },
    { leg: 'sink, JSON as objects', run: sinkLeg(values, true) },
  ]
  const runs = Math.ceil(recordsPerRound / perBatch)
  const valueBytes = Math.round(values.reduce((sum, { length }) => sum + length, 0) / perBatch)
  const figures: PipelineFigure[] = []
  for (const { leg, run } of legs) {
    const times: number[] = []
    // One round more than counted: the first warms up.
    for (let round = 0; round <= rounds; round++) {
      const before = process.cpuUsage()
      for (let i = 0; i < runs; i++) await run()
      const { user, system } = process.cpuUsage(before)
      if (round > 0) times.push((user + system) / (runs * perBatch))
    }
    times.sort((a, b) => a - b)
    figures.push({ leg, valueBytes, cpuSecondsPerMillion: times[times.length >> 1]! })
  }
  return figures
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { leg, valueBytes, cpuSecondsPerMillion } of await benchPipeline(Number(process.argv[2] ?? 200_000)))
    console.log(`${leg}: ${cpuSecondsPerMillion.toFixed(2)} CPU s per million records of ${valueBytes} bytes`)
}
