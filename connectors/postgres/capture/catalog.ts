import { TypeRegistry, typeRow, typesQuery } from '../types/type-registry.ts'
import type { PgConnection } from '../wire/pg-connection.ts'

export interface TableName {
  readonly oid: number
  readonly schema: string
  readonly name: string
}

export interface ListedTable extends TableName {
  /** d default, f full, n nothing, i index. */
  readonly replicaIdentity: string
  readonly partitioned: boolean
  /** Large values have a place of their own: an update that does not change one is told without it. */
  readonly hasLargeValues: boolean
}

export interface CatalogColumn {
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
  readonly notNull: boolean
  /** The DEFAULT expression; not that of a generated column. */
  readonly default: string | undefined
}

/** A table as the catalog has it now. */
export interface TableDescription extends TableName {
  readonly columns: readonly CatalogColumn[]
  /** Columns of the primary key, else of a unique index, in its order; empty: none. */
  readonly keyColumns: readonly string[]
}

const list = (text: string | null | undefined): string[] =>
  text === null || text === undefined ? [] : (JSON.parse(text) as string[])

/** What the catalog says of types and tables. One connection, one question at a time. */
export class Catalog {
  readonly #connection: PgConnection
  #types: TypeRegistry | undefined

  constructor(connection: PgConnection) {
    this.#connection = connection
  }

  /** The types of the database; read again when one of `oids` is not among the known ones. */
  async types(oids: readonly number[] = []): Promise<TypeRegistry> {
    if (this.#types === undefined || oids.some(oid => this.#types?.has(oid) !== true)) {
      const { rows } = await this.#connection.query(typesQuery)
      this.#types = new TypeRegistry(rows.map(typeRow))
    }
    return this.#types
  }

  /** Forgets the types: an enum may have a new label. */
  forgetTypes(): void {
    this.#types = undefined
  }

  /** All tables that can be captured, by schema and name. */
  async tables(): Promise<readonly ListedTable[]> {
    const { rows } = await this.#connection.query(
      `select c.oid, n.nspname, c.relname, c.relreplident, c.relkind, (c.reltoastrelid <> 0)::int
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_(toast|temp)'
        order by n.nspname collate "C", c.relname collate "C"`,
    )
    return rows.map(([oid, schema, name, identity, kind, large]) => ({
      oid: Number(oid),
      schema: schema ?? '',
      name: name ?? '',
      replicaIdentity: identity ?? 'd',
      partitioned: kind === 'p',
      hasLargeValues: large === '1',
    }))
  }

  /** The tables with these oids, those that (still) exist. */
  async describe(oids: readonly number[]): Promise<ReadonlyMap<number, TableDescription>> {
    if (oids.length === 0) return new Map()
    const wanted = `'{${oids.join()}}'::oid[]`
    const { rows } = await this.#connection.query(
      `select c.oid, n.nspname, c.relname,
         (select json_agg(json_build_array(a.attname, a.atttypid::text, a.atttypmod, a.attnotnull,
             case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end) order by a.attnum)
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
         (select json_agg(a.attname order by k.place)
            from unnest(i.indkey::int2[]) with ordinality k(attnum, place)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
           where k.place <= i.indnkeyatts)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join lateral (select i.indkey, i.indnkeyatts from pg_index i join pg_class x on x.oid = i.indexrelid
           where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
           order by i.indisprimary desc, x.relname limit 1) i on true
        where c.oid = any(${wanted})`,
    )
    return new Map(
      rows.map(([oid, schema, name, columns, key]) => {
        const table: TableDescription = {
          oid: Number(oid),
          schema: schema ?? '',
          name: name ?? '',
          columns: (JSON.parse(columns ?? '[]') as [string, string, number, boolean, string | null][]).map(
            ([column, type, typmod, notNull, expression]) => ({
              name: column,
              typeOid: Number(type),
              typmod,
              notNull,
              default: expression ?? undefined,
            }),
          ),
          keyColumns: list(key),
        }
        return [table.oid, table] as const
      }),
    )
  }
}
