import type { Log } from 'millrace'
import type { TableChunk, TableFile } from './table-chunks.ts'

interface Told {
  readonly log: Log
  progress(text: string | undefined): void
  gauge?(name: string, value: number): void
}

const tellEveryMs = 1000
const logEveryMs = 10_000
const blockBytes = 8192

/** Tells how far a snapshot has come: rows, rows/s, and by the sizes of the tables' files how long it will take. */
export class SnapshotPace {
  readonly #told: Told
  readonly #bytes: number
  readonly #began = performance.now()
  #done = 0
  #rows = 0
  #table = ''
  #toldAt = this.#began
  #loggedAt = this.#began

  constructor(told: Told, files: readonly TableFile[]) {
    this.#told = told
    this.#bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  }

  table(text: string): void {
    this.#table = text
    this.#tell()
  }

  rows(count: number): void {
    this.#rows += count
    const now = performance.now()
    if (now - this.#toldAt >= tellEveryMs) this.#tell()
  }

  chunkDone({ from, to }: TableChunk, file: TableFile | undefined): void {
    this.#done += Math.max(0, (to === undefined ? (file?.bytes ?? 0) : to * blockBytes) - from * blockBytes)
  }

  #tell(): void {
    const now = performance.now()
    this.#toldAt = now
    const seconds = (now - this.#began) / 1000
    const share = this.#bytes === 0 ? 0 : Math.min(1, this.#done / this.#bytes)
    const rate = seconds < 1 ? 0 : Math.round(this.#rows / seconds)
    const left = share === 0 ? undefined : Math.round((seconds * (1 - share)) / share)
    const { gauge, log } = this.#told
    gauge?.call(this.#told, 'snapshot_rows', this.#rows)
    gauge?.call(this.#told, 'snapshot_done_ratio', share)
    if (left !== undefined) gauge?.call(this.#told, 'snapshot_remaining_seconds', left)
    const pace = rate === 0 ? '' : `, ${this.#rows} rows at ${rate}/s`
    const rest = left === undefined || rate === 0 ? '' : `, ${Math.round(share * 100)} %, about ${left} s left`
    this.#told.progress(`snapshot: ${this.#table}${pace}${rest}`)
    if (now - this.#loggedAt < logEveryMs) return
    this.#loggedAt = now
    log.info('The snapshot goes on', { table: this.#table, rows: this.#rows, rowsPerSecond: rate, secondsLeft: left })
  }
}
