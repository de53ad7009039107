import type { Converter, SchemaAndValue } from '../api/define.ts'
import type { Schema } from '../api/schema.ts'
import type { FetchedBatch } from '../kafka/ports.ts'
import { isRecord, type Transformed } from './run-chain.ts'
import type { Tolerance } from './tolerance.ts'

/** Tells a converter that prepares which schemas it is about to encode, topic by topic; each once. A tombstone has none. */
export const prepareConverter = async (
  stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER',
  { className, converter }: { readonly className: string; readonly converter: Converter },
  batch: readonly Transformed[],
  side: 'key' | 'value',
  tolerance: Tolerance,
  signal?: AbortSignal,
): Promise<void> => {
  if (converter.prepare === undefined) return
  const byTopic = new Map<string, Set<Schema | null>>()
  for (const outcome of batch) {
    if (!isRecord(outcome)) continue
    const schema = (side === 'key' ? outcome.keySchema : outcome.valueSchema) ?? null
    if (schema === null && (outcome[side] ?? null) === null) continue
    const schemas = byTopic.get(outcome.topic) ?? new Set()
    byTopic.set(outcome.topic, schemas.add(schema))
  }
  for (const [topic, schemas] of byTopic)
    await tolerance.attempt(
      () => converter.prepare!({ topic, schemas: [...schemas] }, signal),
      stage,
      className,
      signal,
    )
}

/** Hands a converter that prepares the bytes it is about to decode: keys or values of the records from `from` up to `to`. */
export const prepareDecoding = async (
  stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER',
  converter: Converter,
  { topic, reader }: FetchedBatch,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<void> => {
  if (converter.prepareDecode === undefined) return
  const payloads: Uint8Array[] = []
  const records: number[] = []
  for (let index = from; index < to; index++) {
    const bytes = stage === 'KEY_CONVERTER' ? reader.key(index) : reader.value(index)
    if (bytes === null) continue
    payloads.push(bytes)
    records.push(index)
  }
  if (payloads.length === 0) return
  const headers = converter.readsHeaders === true && { headers: (at: number) => reader.headers(records[at]!) }
  await converter.prepareDecode({ topic, payloads, ...headers }, signal)
}

/** Decodes the key or value of a record, with its headers for a converter that reads them. Throws as `decode` does. */
export const decodePart = (
  converter: Converter,
  { topic, reader }: Pick<FetchedBatch, 'topic' | 'reader'>,
  index: number,
  bytes: Uint8Array | null,
): SchemaAndValue =>
  converter.readsHeaders === true && reader.hasHeaders(index)
    ? converter.decode(topic, bytes, reader.headers(index))
    : converter.decode(topic, bytes)
