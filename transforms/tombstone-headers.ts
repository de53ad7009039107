import type { ConnectRecord, Header } from 'millrace'

/** In Debezium a delete and its tombstone share one list of headers: what a transform adds to the delete, the tombstone has as well. */
export class TombstoneHeaders {
  #before: readonly Header[] | undefined
  #after: readonly Header[] = []

  /** The headers of the record with more behind them. */
  added(record: ConnectRecord, more: readonly Header[], isDelete: boolean): readonly Header[] {
    const all = [...(record.headers ?? []), ...more]
    this.#before = isDelete ? record.headers : undefined
    this.#after = all
    return all
  }

  /** The headers of a tombstone. Consumed records without headers have no list of their own. */
  of({ headers = [] }: ConnectRecord): readonly Header[] {
    return headers.length > 0 && headers === this.#before ? this.#after : headers
  }
}
