import type { Schema } from 'millrace'

/** Why the open files of a topic partition are closed. */
export type Cause =
  /** The next record begins an object that exists already. */
  'stored-name' | 'interval' | 'place-changed' | 'schedule' | 'schema' | 'open-files' | 'parts' | 'size'

export interface RotationSettings {
  /** `flush.size`: records over all open files. */
  readonly flushSize: number
  /** `rotate.interval.ms`: span of record time; 0 or less: off. */
  readonly intervalMs: number
  /** `rotate.file.on.partition.change`: only with the interval. */
  readonly onPlaceChange: boolean
  /** Another value schema closes the files. */
  readonly onSchemaChange: boolean
  /** `partitioner.max.open.files`; 0 or less: any number. */
  readonly maxOpenFiles: number
  /** `rotate.schedule.interval.ms`: the first moment after `now` (ms, wall clock) at which files are closed. */
  readonly nextSchedule?: (now: number) => number
}

/** What rotation needs to know of the next record. */
export interface NextRecord {
  /** By the timestamp extractor, ms; undefined when the record has none. */
  readonly timestamp: number | undefined
  /** The encoded partition. */
  readonly place: string
  readonly schema: Schema | null
  /** A file is open where it goes. */
  readonly open: boolean
  /** An object exists that begins at or before it, and after the first record of the file that is open there. */
  readonly stored: boolean
}

const maxParts = 9_990

/**
 * When the open files of one topic partition are closed. A state machine over values: time is an argument. Asked in a fixed
 * order: `before` each record (the record then belongs to the next files), `after` it, and `idle` when nothing comes.
 * Record-time rotation looks at records only: it never closes the files of an idle topic, the schedule does.
 */
export class Rotation {
  readonly #settings: RotationSettings
  #count = 0
  #files = 0
  #base: number | undefined
  #place = ''
  #schema: Schema | null = null
  #schedule = Number.POSITIVE_INFINITY

  constructor(settings: RotationSettings) {
    this.#settings = settings
  }

  /** Records in the open files. */
  get count(): number {
    return this.#count
  }

  /** The wall-clock moment at which open files are due; infinite when there is none. */
  get due(): number {
    return this.#schedule
  }

  before(next: NextRecord, now: number): Cause | undefined {
    if (this.#count === 0) return undefined
    const { intervalMs, onPlaceChange, onSchemaChange, maxOpenFiles } = this.#settings
    if (next.stored) return 'stored-name'
    if (intervalMs > 0) {
      if (next.timestamp !== undefined && this.#base !== undefined && next.timestamp - this.#base >= intervalMs) {
        return 'interval'
      }
      if (onPlaceChange && next.place !== this.#place) return 'place-changed'
    }
    if (now >= this.#schedule) return 'schedule'
    if (onSchemaChange && next.schema !== this.#schema) return 'schema'
    if (!next.open && maxOpenFiles > 0 && this.#files >= maxOpenFiles) return 'open-files'
    return undefined
  }

  /** The record was written; `parts` of its file have gone up. */
  after(next: NextRecord, now: number, parts: number): Cause | undefined {
    if (this.#count === 0) {
      this.#base = next.timestamp
      this.#schedule = this.#settings.nextSchedule?.(now) ?? Number.POSITIVE_INFINITY
    }
    this.#base ??= next.timestamp
    this.#count++
    if (!next.open) this.#files++
    this.#place = next.place
    this.#schema = next.schema
    if (this.#count >= this.#settings.flushSize) return 'size'
    return parts >= maxParts ? 'parts' : undefined
  }

  idle(now: number): Cause | undefined {
    return this.#count > 0 && now >= this.#schedule ? 'schedule' : undefined
  }

  /** All files are closed. */
  rotated(): void {
    this.#count = 0
    this.#files = 0
    this.#base = undefined
    this.#schedule = Number.POSITIVE_INFINITY
  }
}
