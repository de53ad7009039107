import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Log } from '../../../runtime/api/context.ts'
import type { Clock } from '../../../runtime/base/clock.ts'
import { BufferPool } from '../../../runtime/broker/buffer-pool.ts'
import type { LogParts, PartitionLog } from '../../../runtime/broker/log/partition-log.ts'
import { PartitionLog as OpenLog } from '../../../runtime/broker/log/partition-log.ts'
import { brokerSettings } from '../../../runtime/broker/settings/broker-settings.ts'
import { logConfig } from '../../../runtime/broker/settings/topic-settings.ts'
import { RecordBatchReader } from '../../../runtime/protocol/record-batch-reader.ts'
import { type FinishOptions, RecordBatchWriter } from '../../../runtime/protocol/record-batch-writer.ts'

/** Removed when the test ends. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-log-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const START = Date.UTC(2026, 0, 1)

/** Stands still until it is moved. */
export class TestClock implements Clock {
  time = START
  now(): number {
    return this.time
  }
  monotonic(): number {
    return this.time - START
  }
}

export interface TestParts extends LogParts {
  readonly clock: TestClock
  readonly warnings: string[]
}

export function testParts(): TestParts {
  const warnings: string[] = []
  const note = (message: string, details?: Readonly<Record<string, unknown>>) => {
    warnings.push(`${message} ${JSON.stringify(details ?? {})}`)
  }
  const log: Log = { debug: () => {}, info: () => {}, warn: note, error: note }
  return { clock: new TestClock(), pool: new BufferPool(), log, warnings }
}

export const noBrokerSettings = brokerSettings({}).settings

export const openLog = (
  folder: string,
  configs: Readonly<Record<string, string>> = {},
  parts: LogParts = testParts(),
): Promise<PartitionLog> => OpenLog.open('topic-0', folder, logConfig(configs, noBrokerSettings), parts)

export interface TestRecord {
  readonly key?: string | null
  readonly value: string | null
  readonly timestamp?: number
}

export function batchOf(records: readonly TestRecord[], options: FinishOptions = {}): Buffer {
  const writer = new RecordBatchWriter()
  for (const { key = null, value, timestamp = START } of records) {
    writer.add(timestamp, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value))
  }
  return Buffer.from(writer.finish(options))
}

export interface ReadRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

/** All records from `offset` on, read as a client would: in fetches of `maxBytes`. */
export async function readAll(log: PartitionLog, offset = log.startOffset, maxBytes = 1024): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  const reader = new RecordBatchReader()
  let next = offset
  for (;;) {
    const slice = await log.read(next, maxBytes, true)
    if (slice === null) return records
    for (let at = 0; at < slice.records.length; ) {
      at = reader.read(slice.records, at)
      for (let i = 0; i < reader.count; i++) {
        if (reader.offset(i) < next) continue
        records.push({
          offset: reader.offset(i),
          key: reader.key(i)?.toString() ?? null,
          value: reader.value(i)?.toString() ?? null,
          timestamp: reader.timestamp(i),
        })
      }
      next = reader.lastOffset + 1
    }
    slice.release()
  }
}

export const valuesOf = (records: readonly ReadRecord[]): (string | null)[] => records.map(record => record.value)

export const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i))
