import type { ColumnType } from './type-registry.ts'

/** Stands for no limit, as in JDBC. */
export const UNLIMITED = 2_147_483_647

const fixed: Readonly<Record<string, readonly [length: number, scale: number]>> = {
  int2: [5, 0],
  int4: [10, 0],
  oid: [10, 0],
  int8: [19, 0],
  float4: [8, 8],
  float8: [17, 17],
  char: [1, 0],
  bool: [1, 0],
  date: [13, 0],
}

/** Characters before the fraction of the seconds, those of a time zone included. */
const times: Readonly<Record<string, number>> = { time: 8, timetz: 14, timestamp: 22, timestamptz: 28 }

/** Of a numeric without precision: before the point. */
const mostDigits = 131_089

/** Length and scale of a column as the JDBC driver gives them, which is how Debezium tells them. */
export const declaredSize = (type: ColumnType): { readonly length: number; readonly scale: number } => {
  if (type.element !== undefined) return declaredSize(type.element)
  const { name, typmod } = type
  const [length, scale] = fixed[name] ?? []
  if (length !== undefined) return { length, scale: scale! }
  const before = times[name]
  if (before !== undefined) {
    const digits = typmod < 0 ? 6 : typmod
    // One digit is shown as two.
    const fraction = digits === 0 ? 0 : (digits === 1 ? 2 : digits) + 1
    return { length: before + fraction, scale: digits }
  }
  if (name === 'interval') return { length: 49, scale: typmod < 0 ? 6 : typmod & 0xffff }
  if (name === 'numeric')
    return typmod < 0 ? { length: mostDigits, scale: 0 } : { length: (typmod - 4) >> 16, scale: (typmod - 4) & 0xffff }
  if (name === 'bpchar' || name === 'varchar') return { length: typmod < 0 ? UNLIMITED : typmod - 4, scale: 0 }
  if (name === 'bit' || name === 'varbit') return { length: typmod < 0 ? UNLIMITED : typmod, scale: 0 }
  return { length: UNLIMITED, scale: 0 }
}
