import { randomUUID } from 'node:crypto'
import type { Log } from '../api/context.ts'
import type { Converter, PluginKind, SinkDefinition, SourceDefinition } from '../api/define.ts'
import { resolveLazy } from '../api/lazy.ts'
import { type ConnectRecord, SinkRecord, type SourceRecord } from '../api/record.ts'
import { CodedError } from '../base/errors.ts'
import { parseOrThrow } from '../config/parse.ts'
import type { Kafka } from '../kafka/ports.ts'
import { decodePart, prepareDecoding } from '../pipeline/prepare-converter.ts'
import { loadPlugin } from '../plugins/load.ts'
import type { PluginRegistry } from '../plugins/registry.ts'
import { topicPattern } from '../task/topic-pattern.ts'
import { hidingLog, type Secrets } from './error-text.ts'
import { referencedPlugins } from './plugin-references.ts'
import { type ShownBytes, type ShownRecord, shownBytes, shownRecord } from './preview-shown.ts'
import { type RecordParts, recordParts } from './task-parts.ts'

export interface PreviewError {
  readonly stage: string
  readonly class: string
  readonly message: string
}

export interface PreviewedRecord {
  /** What it was behind each stage; null: that stage dropped it. */
  readonly stages: readonly { readonly stage: string; readonly class: string; readonly record: ShownRecord | null }[]
  /** What a source would produce. */
  readonly produced?: { readonly topic: string; readonly key: ShownBytes | null; readonly value: ShownBytes | null }
  /** What stopped it. */
  readonly error?: PreviewError
}

export interface Preview {
  readonly type: 'source' | 'sink'
  readonly records: readonly PreviewedRecord[]
  /** What a sink would send: objects, statements, requests. */
  readonly writes?: readonly { readonly target: string; readonly content: ShownBytes | null }[]
  /** What concerns no record alone. */
  readonly errors: readonly PreviewError[]
}

export interface PreviewParts {
  readonly plugins: PluginRegistry
  readonly workerProps: Readonly<Record<string, string>>
  readonly kafka: () => Promise<Kafka>
  readonly log: Log
  /** For all of it, ms. */
  readonly timeoutMs?: number
}

type Props = Readonly<Record<string, string>>
type Stages = PreviewedRecord['stages'][number][]

/** How long a sink's preview waits for records of its topics. */
const consumeMs = 5000

/**
 * Runs a connector's data through its stages and writes nothing: no offset, no record, no slot, no object. `props` are checked and
 * resolved, `secrets` theirs. Throws CodedError for a source that cannot show records beforehand.
 */
export const preview = async (parts: PreviewParts, props: Props, secrets: Secrets, count: number): Promise<Preview> => {
  const { plugins, workerProps, timeoutMs = 30_000 } = parts
  const className = (props['connector.class'] ?? '').trim()
  const definition = await plugins.load<(SourceDefinition | SinkDefinition) & { readonly kind: PluginKind }>(className)
  secrets.declare(definition.config, props)
  const locations = await Promise.all([
    plugins.locate(className),
    ...referencedPlugins(props, workerProps).map(({ name, kind }) => plugins.locate(name, kind)),
  ])
  const log = hidingLog(parts.log, secrets)
  const records = await recordParts({ connector: { props }, plugins: locations }, { workerProps }, loadPlugin, log)
  const run: Run = {
    parts,
    props,
    count,
    records,
    className: definition.class,
    log,
    signal: AbortSignal.timeout(timeoutMs),
    failed: (stage, name, error) => ({
      stage,
      class: name,
      message: secrets.hide(error instanceof Error ? error.message : String(error)),
    }),
  }
  try {
    return definition.kind === 'source'
      ? await previewSource(run, definition as SourceDefinition)
      : await previewSink(run, definition as SinkDefinition)
  } finally {
    records.close()
  }
}

interface Run {
  readonly parts: PreviewParts
  readonly props: Props
  readonly count: number
  readonly records: RecordParts
  readonly className: string
  readonly log: Log
  readonly signal: AbortSignal
  failed(stage: string, className: string, error: unknown): PreviewError
}

/** Runs the chain, noting every stage. An error stands in place of the record. */
const transformed = async (
  { records, failed }: Run,
  input: ConnectRecord,
  stages: Stages,
): Promise<{ readonly record: ConnectRecord | null; readonly error?: PreviewError }> => {
  // Transforms get plain records with objects in them, as in a task.
  let record: ConnectRecord | null = {
    topic: input.topic,
    partition: input.partition ?? null,
    keySchema: input.keySchema ?? null,
    key: resolveLazy(input.key),
    valueSchema: input.valueSchema ?? null,
    value: resolveLazy(input.value),
    timestamp: input.timestamp ?? null,
    headers: input.headers ?? [],
  }
  for (const step of records.chain.steps) {
    try {
      await step.prepare?.([record])
      record = step.apply(record)
    } catch (error) {
      return { record: null, error: failed('TRANSFORMATION', step.className, error) }
    }
    stages.push({
      stage: 'TRANSFORMATION',
      class: step.className,
      record: record === null ? null : shownRecord(record),
    })
    if (record === null) break
  }
  return { record }
}

const previewSource = async (run: Run, definition: SourceDefinition): Promise<Preview> => {
  const { props, count, className, log, signal, failed, records: parts } = run
  if (definition.sample === undefined)
    throw new CodedError('BAD_REQUEST', {
      reason: `${className} cannot show records beforehand: it declares no sample`,
    })
  const encode = (
    stage: string,
    one: { className: string; converter: Converter },
    topic: string,
    schema: ConnectRecord['keySchema'],
    value: unknown,
  ) => {
    // Preparing may register a schema, and nothing is to be written.
    if (one.converter.prepare !== undefined)
      return { error: failed(stage, one.className, 'The bytes are not shown: making them may register a schema') }
    try {
      return { shown: shownBytes(one.converter.encode(topic, schema ?? null, value ?? null)) }
    } catch (error) {
      return { error: failed(stage, one.className, error) }
    }
  }
  const one = async (source: SourceRecord): Promise<PreviewedRecord> => {
    const stages: Stages = [{ stage: 'SOURCE', class: className, record: shownRecord(source) }]
    const { record, error } = await transformed(run, source, stages)
    if (record === null) return { stages, ...(error !== undefined && { error }) }
    const key = encode('KEY_CONVERTER', parts.key, record.topic, record.keySchema, record.key)
    const value = encode('VALUE_CONVERTER', parts.value, record.topic, record.valueSchema, record.value)
    const wrong = key.error ?? value.error
    if (wrong !== undefined) return { stages, error: wrong }
    return { stages, produced: { topic: record.topic, key: key.shown ?? null, value: value.shown ?? null } }
  }
  const records: PreviewedRecord[] = []
  const errors: PreviewError[] = []
  try {
    const config = parseOrThrow(definition.config, props)
    const ctx = { connector: props['name'] ?? 'preview', log, originals: props, signal }
    for await (const batch of definition.sample(config as never, ctx, count)) {
      // A batch's records are views that the next one ends.
      for (const record of batch) if (records.length < count) records.push(await one(record))
      if (records.length >= count) break
    }
  } catch (error) {
    errors.push(failed('SOURCE', className, error))
  }
  return { type: 'source', records, errors }
}

const topicsOf = (props: Props): readonly string[] | RegExp => {
  const regex = props['topics.regex']?.trim() ?? ''
  if (regex !== '') return topicPattern('topics.regex', regex)
  return (props['topics'] ?? '').split(',').map(topic => topic.trim())
}

const previewSink = async (run: Run, definition: SinkDefinition): Promise<Preview> => {
  const { parts, props, count, className, log, signal, failed, records: converters } = run
  const records: PreviewedRecord[] = []
  const errors: PreviewError[] = []
  const delivered: SinkRecord[] = []
  const kafka = await parts.kafka()
  // A group of its own that commits nothing: the broker forgets it.
  const consumer = kafka.consumer({
    groupId: `millrace-preview-${randomUUID()}`,
    topics: topicsOf(props),
    settings: { 'auto.offset.reset': 'earliest', 'allow.auto.create.topics': 'false' },
    maxBufferedBytes: 1024 * 1024,
  })
  try {
    const end = performance.now() + consumeMs
    while (records.length < count && performance.now() < end && !signal.aborted) {
      const { batches } = await consumer.poll(500, signal)
      for (const batch of batches) {
        const { topic, partition, reader, from } = batch
        for (let index = from; index < reader.count && records.length < count; index++) {
          const stages: Stages = []
          let stage = 'KEY_CONVERTER'
          let by = converters.key
          try {
            await prepareDecoding('KEY_CONVERTER', by.converter, batch, index, index + 1, signal)
            const key = decodePart(by.converter, batch, index, reader.key(index))
            stage = 'VALUE_CONVERTER'
            by = converters.value
            await prepareDecoding('VALUE_CONVERTER', by.converter, batch, index, index + 1, signal)
            const value = decodePart(by.converter, batch, index, reader.value(index))
            const headers = reader.headers(index).map(header => ({
              key: header.key,
              ...converters.header.converter.decodeHeader(topic, header.key, header.value),
            }))
            const offset = reader.offset(index)
            const { timestampType } = reader
            const input = {
              topic,
              partition,
              keySchema: key.schema,
              key: key.value,
              valueSchema: value.schema,
              value: value.value,
              timestamp: reader.timestamp(index),
              headers,
            }
            stages.push({ stage: 'CONSUMED', class: by.className, record: shownRecord(input) })
            const { record, error } = await transformed(run, input, stages)
            records.push({ stages, ...(error !== undefined && { error }) })
            if (record !== null)
              delivered.push(
                new SinkRecord(
                  {
                    ...record,
                    partition: record.partition ?? partition,
                    offset,
                    timestampType,
                    original: { topic, partition, offset },
                  },
                  record.key ?? null,
                  record.value ?? null,
                ),
              )
          } catch (error) {
            records.push({ stages, error: failed(stage, by.className, error) })
          }
        }
      }
    }
  } finally {
    await consumer.close()
  }
  if (definition.preview === undefined || delivered.length === 0) return { type: 'sink', records, errors }
  try {
    const config = parseOrThrow(definition.config, props)
    const ignore = () => {}
    const ctx = {
      connector: props['name'] ?? 'preview',
      task: 0,
      log,
      originals: props,
      signal,
      progress: ignore,
      pause: ignore,
      resume: ignore,
      seek: ignore,
      requestCommit: ignore,
      wakeAfter: ignore,
      reject: (_: SinkRecord, error: unknown) => void errors.push(failed('TASK_PUT', className, error)),
    }
    const writes = await definition.preview(config as never, ctx, delivered)
    return {
      type: 'sink',
      records,
      writes: writes.map(({ target, content }) => ({ target, content: shownBytes(content) })),
      errors,
    }
  } catch (error) {
    errors.push(failed('TASK_PUT', className, error))
    return { type: 'sink', records, errors }
  }
}
