import { createHash } from 'node:crypto'

export interface TextRecord {
  readonly key: string
  readonly value: string
}

const pad = 'abcdefghijklmnopqrstuvwxyz0123456789 the quick brown fox jumps over it '

/** Ten fields, about 300 bytes of JSON: the records that the JVM's sink was measured with. */
export const order = (id: number): TextRecord => ({
  key: String(id),
  value: JSON.stringify({
    id,
    customer: (id * 7919) % 100_000,
    store: id % 50,
    amount: ((id * 37) % 1e7) / 100,
    active: id % 3 === 0,
    note: pad + ((id * 2654435761) % 4294967296).toString(36),
    created_at: new Date(1_767_225_600_000 + id * 1000).toISOString(),
    sku: `SKU-${id}`,
    tags: ['a', 'b', `t${id % 17}`],
    address: { city: `City ${id % 311}`, zip: String(10_000 + (id % 89_999)) },
  }),
})

const md5 = (text: string | number): string => createHash('md5').update(String(text)).digest('hex')
const uuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** A change event of the rows of parts/postgres.ts, about 790 bytes, with text that does not compress well. */
export const envelope = (id: number): TextRecord => {
  const own = md5(id)
  const cents = Buffer.alloc(4)
  cents.writeInt32BE((id * 37) % 1e7)
  const at = 1_767_225_600_000 + id
  return {
    key: JSON.stringify({ id }),
    value: JSON.stringify({
      before: null,
      after: {
        id,
        customer: (id * 7919) % 100_000,
        store: id % 50,
        amount: cents.toString('base64'),
        note: `${own}${md5(id + 1)}${md5(id + 2)}note`,
        active: id % 3 === 0,
        created_at: new Date(1_767_225_600_000 + id * 1000).toISOString(),
        updated_at: new Date(at).toISOString(),
        doc: JSON.stringify({ qty: id % 9, sku: `SKU-${id}`, tags: ['a', 'b'] }),
        ref: uuid(own),
      },
      source: {
        version: '3.6.1.Final',
        connector: 'postgresql',
        name: 'bench',
        ts_ms: at,
        snapshot: 'true',
        db: 'bench',
        sequence: '[null,"25783744"]',
        ts_us: at * 1000,
        ts_ns: at * 1_000_000,
        schema: 'public',
        table: 'bench_rows',
        txId: 771,
        lsn: 25_783_744,
        xmin: null,
      },
      transaction: null,
      op: 'r',
      ts_ms: at,
      ts_us: at * 1000,
      ts_ns: at * 1_000_000,
    }),
  }
}
