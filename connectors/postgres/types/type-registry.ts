/** A type of the catalog, domains resolved to what they stand on. */
export interface ColumnType {
  readonly oid: number
  /** pg_type.typname, such as `int4` or `_text`. */
  readonly name: string
  /** -1: none. */
  readonly typmod: number
  readonly enumLabels: readonly string[] | undefined
  /** What an array holds. */
  readonly element: ColumnType | undefined
  /** A domain that forbids null; one below it does not count, as in JDBC. */
  readonly notNull: boolean
  /** The domain that the column was declared with; undefined: none. */
  readonly domain?: string
}

export interface TypeRow {
  readonly oid: number
  readonly name: string
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string
  readonly baseType: number
  readonly typmod: number
  readonly element: number
  /** A true array type (not a fixed-length vector). */
  readonly isArray: boolean
  readonly notNull: boolean
  readonly enumLabels: readonly string[] | undefined
}

export const typesQuery = `select t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, t.typelem,
  (t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A')::int, t.typnotnull::int,
  (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
  from pg_type t where t.typtype <> 'p'`

export const typeRow = (row: readonly (string | null)[]): TypeRow => ({
  oid: Number(row[0]),
  name: row[1] ?? '',
  kind: row[2] ?? 'b',
  baseType: Number(row[3]),
  typmod: Number(row[4]),
  element: Number(row[5]),
  isArray: row[6] === '1',
  notNull: row[7] === '1',
  enumLabels: row[8] === null || row[8] === undefined ? undefined : (JSON.parse(row[8]) as string[]),
})

/** The types of a database by oid. */
export class TypeRegistry {
  readonly #rows: ReadonlyMap<number, TypeRow>

  constructor(rows: readonly TypeRow[]) {
    this.#rows = new Map(rows.map(row => [row.oid, row]))
  }

  has(oid: number): boolean {
    return this.#rows.has(oid)
  }

  resolve(oid: number, typmod: number): ColumnType {
    const row = this.#rows.get(oid)
    if (row === undefined)
      return { oid, name: `type ${oid}`, typmod, enumLabels: undefined, element: undefined, notNull: false }
    if (row.kind === 'd' && row.baseType !== 0) {
      const base = this.resolve(row.baseType, row.typmod)
      return { ...base, notNull: row.notNull, domain: row.name }
    }
    return {
      oid,
      name: row.name,
      typmod,
      enumLabels: row.kind === 'e' ? (row.enumLabels ?? []) : undefined,
      element: row.isArray ? this.#element(row.element, typmod) : undefined,
      notNull: false,
    }
  }

  /** A domain counts as a type of its own in an array, as in Debezium. */
  #element(oid: number, typmod: number): ColumnType {
    const row = this.#rows.get(oid)
    if (row?.kind !== 'd') return this.resolve(oid, typmod)
    return { oid, name: `domain ${row.name}`, typmod, enumLabels: undefined, element: undefined, notNull: false }
  }
}
