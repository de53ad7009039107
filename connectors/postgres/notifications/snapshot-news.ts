import { randomUUID } from 'node:crypto'
import type { OffsetMap, SourceRecord } from 'millrace'
import type { Notification, NotificationData, Notifier } from './notifier.ts'

/** Tells how a snapshot of whole tables goes: the initial one, or one that a signal asked for. */
export class SnapshotNews {
  readonly #notifier: Notifier
  /** `schema.table` of all captured tables, those without rows in the snapshot included. */
  readonly #captured: readonly string[]

  constructor(notifier: Notifier, captured: readonly string[]) {
    this.#notifier = notifier
    this.#captured = captured
  }

  started(offset: OffsetMap): readonly SourceRecord[] {
    return this.#notify('STARTED', {}, offset)
  }

  /** A table begins; `tables`: all that are read. */
  table(name: string, tables: readonly string[], offset: OffsetMap): readonly SourceRecord[] {
    const data = { current_collection_in_progress: name, data_collections: tables.join(',') }
    return this.#notify('IN_PROGRESS', data, offset)
  }

  tableDone(name: string, rows: number, offset: OffsetMap): readonly SourceRecord[] {
    const data = {
      scanned_collection: name,
      total_rows_scanned: String(rows),
      data_collections: this.#captured.join(','),
      status: 'SUCCEEDED',
    }
    return this.#notify('TABLE_SCAN_COMPLETED', data, offset)
  }

  /** None is needed, or wanted. */
  skipped(offset: OffsetMap): readonly SourceRecord[] {
    return this.#notify('SKIPPED', {}, offset)
  }

  /** It ended before all was read. */
  aborted(offset: OffsetMap): readonly SourceRecord[] {
    return this.#notify('ABORTED', {}, offset)
  }

  completed(offset: OffsetMap): readonly SourceRecord[] {
    return this.#notify('COMPLETED', {}, offset)
  }

  #notify(type: Notification['type'], data: NotificationData, offset: OffsetMap): readonly SourceRecord[] {
    return this.#notifier.notify({ id: randomUUID(), aggregate: 'Initial Snapshot', type, data }, offset)
  }
}
