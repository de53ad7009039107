import { resolveLazy } from '../api/lazy.ts'
import type { SourceRecord } from '../api/record.ts'

/** A record that outlives its batch: a source may use the memory of a batch again once the next one is asked for. */
export const keptRecord = (record: SourceRecord): SourceRecord => ({
  topic: record.topic,
  partition: record.partition ?? null,
  keySchema: record.keySchema ?? null,
  key: resolveLazy(record.key),
  valueSchema: record.valueSchema ?? null,
  value: resolveLazy(record.value),
  timestamp: record.timestamp ?? null,
  headers: (record.headers ?? []).map(header => ({ ...header, value: resolveLazy(header.value) })),
  sourcePartition: record.sourcePartition,
  sourceOffset: record.sourceOffset,
})
