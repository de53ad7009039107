/** Whether transactions are visible in one snapshot of the database (pg_current_snapshot). */
export interface Visibility {
  /** Lower 32 bits of the first id that was not given away yet. */
  readonly next: number
  readonly running: ReadonlySet<number>
}

const lower = (id: string): number => Number(BigInt.asUintN(32, BigInt(id)))

/** Reads `xmin:xmax:xip,xip`. */
export const visibilityOf = (text: string): Visibility => {
  const [, next = '0', running = ''] = text.split(':')
  return { next: lower(next), running: new Set(running.split(',').filter(Boolean).map(lower)) }
}

/** Ids wrap around: a difference of less than half of them says which is later. */
export const isVisible = ({ next, running }: Visibility, xid: number): boolean =>
  ((xid - next) | 0) < 0 && !running.has(xid)

const kept = 2000

/** The transactions that the stream brought last. */
export class RecentTransactions {
  #recent: number[] = []
  #before: number[] = []

  add(xid: number): void {
    this.#recent.push(xid)
    if (this.#recent.length >= kept * 2) this.#recent = this.#recent.slice(-kept)
  }

  /** Those that came so far are from now on the ones that `allVisible` asks of. */
  mark(): void {
    this.#before = [...this.#before, ...this.#recent].slice(-kept)
    this.#recent = []
  }

  /**
   * A server tells of a transaction in its log before the transaction is visible to others. Rows read in between are older than
   * what the stream has said of them already.
   */
  allVisible(visibility: Visibility): boolean {
    return this.#before.every(xid => isVisible(visibility, xid))
  }
}
