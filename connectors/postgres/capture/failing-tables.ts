import { identifier, type PgConnection } from '../wire/pg-connection.ts'
import type { ListedTable, TableName } from './catalog.ts'

/** A few names of many. */
export const some = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`

/** The tables, as SQL names them, for which an SQL condition over `t.oid` does not hold. */
export const failing = async (
  connection: PgConnection,
  tables: readonly ListedTable[],
  condition: string,
): Promise<readonly string[]> => {
  if (tables.length === 0) return []
  const { rows } = await connection.query(
    `select format('%I.%I', n.nspname, t.relname) from pg_class t join pg_namespace n on n.oid = t.relnamespace
      where t.oid = any('{${tables.map(({ oid }) => oid).join()}}'::oid[]) and not (${condition}) order by 1`,
  )
  return rows.map(([name]) => name ?? '')
}

/** As SQL names it. */
export const fullName = (table: Omit<TableName, 'oid'>): string =>
  `${identifier(table.schema)}.${identifier(table.name)}`
