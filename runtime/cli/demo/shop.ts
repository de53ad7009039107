import type { Client } from 'pg'

/** What the demo writes, and what it therefore expects to find in the objects. */
export interface ShopCounts {
  inserted: number
  updated: number
  deleted: number
}

/** Every change of a row raises its version, so each event has an identity: `id/version/kind`. */
export const eventKey = (id: number, version: number, kind: 'row' | 'delete'): string => `${id}/${version}/${kind}`

const customers = ['Amara', 'Björn', 'Chloé', 'Dmitri', 'Eun-ji', 'Fátima', 'Grace', 'Håkon']
const products = [
  'mill wheel',
  'flour sack',
  'rope "strong"',
  'water gauge',
  'sluice\tgate',
  'bearing',
  'millstone',
  'belt',
]

/** A small shop that takes orders, changes and cancels them. */
export class Shop {
  readonly counts: ShopCounts = { inserted: 0, updated: 0, deleted: 0 }
  readonly #client: Client
  /** The version of each living row. */
  readonly #versions = new Map<number, number>()
  readonly #expected = new Set<string>()
  #nextId = 1

  constructor(client: Client) {
    this.#client = client
  }

  /** Keys of all events that must arrive. */
  get expected(): ReadonlySet<string> {
    return this.#expected
  }

  async create(): Promise<void> {
    await this.#client.query(`
      CREATE TABLE public.orders (
        id bigint PRIMARY KEY, version int NOT NULL, customer text NOT NULL, product text NOT NULL, quantity int NOT NULL,
        price numeric(10,2) NOT NULL, paid boolean NOT NULL, note text, tags text[] NOT NULL, placed_at timestamptz NOT NULL DEFAULT now()
      )`)
  }

  /** Takes `count` new orders in one statement. */
  async take(count: number): Promise<void> {
    const first = this.#nextId
    this.#nextId += count
    await this.#client.query(
      `INSERT INTO public.orders (id, version, customer, product, quantity, price, paid, note, tags)
       SELECT id, 1, ($2::text[])[1 + id % $4], ($3::text[])[1 + id % $5], 1 + id % 9, (id % 10000) / 7.0, id % 3 = 0,
              CASE WHEN id % 4 = 0 THEN NULL ELSE 'line one' || chr(10) || 'line ' || id END, ARRAY['web', 'nr ' || id]
       FROM generate_series($1::bigint, $1::bigint + $6 - 1) AS id`,
      [first, customers, products, customers.length, products.length, count],
    )
    for (let id = first; id < first + count; id++) {
      this.#versions.set(id, 1)
      this.#expected.add(eventKey(id, 1, 'row'))
    }
    this.counts.inserted += count
  }

  /** Changes `change` of the living orders and cancels `cancel` others, in one transaction. */
  async revise(change: number, cancel: number): Promise<void> {
    const ids = [...this.#versions.keys()]
    const step = Math.max(1, Math.floor(ids.length / Math.max(1, change + cancel)))
    const picked = ids.filter((_, index) => index % step === 0).slice(0, change + cancel)
    const changed = picked.slice(0, change)
    const cancelled = picked.slice(change)
    await this.#client.query('BEGIN')
    await this.#client.query(
      'UPDATE public.orders SET version = version + 1, paid = NOT paid, quantity = quantity + 1 WHERE id = ANY($1)',
      [changed],
    )
    await this.#client.query('DELETE FROM public.orders WHERE id = ANY($1)', [cancelled])
    await this.#client.query('COMMIT')
    for (const id of changed) {
      const version = this.#versions.get(id)! + 1
      this.#versions.set(id, version)
      this.#expected.add(eventKey(id, version, 'row'))
    }
    for (const id of cancelled) {
      this.#expected.add(eventKey(id, this.#versions.get(id)!, 'delete'))
      this.#versions.delete(id)
    }
    this.counts.updated += changed.length
    this.counts.deleted += cancelled.length
  }

  /** The table as it is now: what the events must add up to. */
  async rows(): Promise<
    Map<
      number,
      { version: number; customer: string; product: string; quantity: number; paid: boolean; note: string | null }
    >
  > {
    const { rows } = await this.#client.query(
      'SELECT id::int AS id, version, customer, product, quantity, paid, note FROM public.orders',
    )
    return new Map(rows.map(row => [row.id, row]))
  }
}
