import { literal, type PgConnection } from '../wire/pg-connection.ts'

/** The xmin of the slot, read again when it is older than the interval. */
export class SlotXmin {
  readonly #slot: string
  readonly #everyMs: number
  readonly #connection: () => Promise<PgConnection>
  #readAt = Number.NEGATIVE_INFINITY

  constructor(slot: string, everyMs: number, connection: () => Promise<PgConnection>) {
    this.#slot = slot
    this.#everyMs = everyMs
    this.#connection = connection
  }

  get isDue(): boolean {
    return performance.now() - this.#readAt >= this.#everyMs
  }

  /** undefined: the slot holds none. */
  async read(): Promise<number | undefined> {
    const connection = await this.#connection()
    const text = await connection.value(
      `select catalog_xmin from pg_replication_slots where slot_name = ${literal(this.#slot)}`,
    )
    this.#readAt = performance.now()
    return text === null ? undefined : Number(text)
  }
}
