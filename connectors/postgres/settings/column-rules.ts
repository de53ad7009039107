import { createHash, getHashes } from 'node:crypto'
import { wholeNames } from './patterns.ts'

/** What becomes of the text of a column's values; `length`: the declared one, undefined for none. Null stays null unless this says otherwise. */
export type ChangeText = (text: string | null, length: number | undefined) => string | null

/** What the settings say of a column, beside its type. */
export interface ColumnRule {
  /** What becomes of values; of text types, unless `anyText`. */
  readonly change: ChangeText | undefined
  /** Changes whatever is shown as text: dates and UUIDs too. */
  readonly anyText?: boolean
  /** What the schema says of it; undefined: the type of the column (column.propagate.source.type). */
  readonly parameters: Readonly<Record<string, string>> | undefined
}

interface Rule extends ColumnRule {
  readonly test: (column: string, type: string) => boolean
}

export interface PropagateSettings {
  readonly columnPropagateSourceType: readonly string[] | undefined
  readonly datatypePropagateSourceType: readonly string[] | undefined
}

/** As Java writes a text object to a stream: what the first version of hashing is made of. */
const javaObject = (text: string): Buffer => {
  const units: number[] = []
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 1 && unit < 0x80) units.push(unit)
    else if (unit < 0x800) units.push(0xc0 | (unit >> 6), 0x80 | (unit & 63))
    else units.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63))
  }
  const isLong = units.length > 0xffff
  const head = Buffer.alloc(isLong ? 13 : 7)
  head.writeUInt32BE(0xaced0005, 0)
  head[4] = isLong ? 0x7c : 0x74
  if (isLong) head.writeBigUInt64BE(BigInt(units.length), 5)
  else head.writeUInt16BE(units.length, 5)
  return Buffer.concat([head, Buffer.from(units)])
}

/** The name that Node has for an algorithm of Java's; undefined: it has none. */
const algorithmOf = (name: string): string | undefined => {
  const plain = (text: string) => text.replaceAll('-', '').toLowerCase()
  return getHashes().find(known => plain(known) === plain(name))
}

const hashed =
  (algorithm: string, salt: string, bytesOf: (text: string) => Buffer): ChangeText =>
  (text, length) => {
    if (text === null) return null
    const digest = createHash(algorithm).update(salt).update(bytesOf(text)).digest('hex')
    return length === undefined ? digest : digest.slice(0, length)
  }

const truncated =
  (length: number): ChangeText =>
  text =>
    text === null || text.length <= length ? text : text.slice(0, length)

const keys = {
  truncate: /^column\.truncate\.to\.(\d+)\.chars$/,
  mask: /^column\.mask\.with\.(\d+)\.chars$/,
  hash: /^column\.mask\.hash\.(v2\.)?([^.]+)\.with\.salt\.(.+)$/s,
}

const masked = { masked: 'true' }

/** In the order in which Debezium asks them: the first that matches counts. */
const order = [keys.truncate, keys.mask, keys.hash] as const

const ruleOf = (key: string): ColumnRule => {
  const truncate = keys.truncate.exec(key)
  if (truncate !== null)
    return {
      change: truncated(Number(truncate[1])),
      anyText: true,
      parameters: { truncateLength: String(Number(truncate[1])) },
    }
  const mask = keys.mask.exec(key)
  if (mask !== null) {
    const stars = '*'.repeat(Number(mask[1]))
    return { change: () => stars, parameters: masked }
  }
  const [, second, name = '', salt = ''] = keys.hash.exec(key) ?? []
  const bytesOf = second === undefined ? javaObject : (text: string) => Buffer.from(text)
  const algorithm = algorithmOf(name)
  if (algorithm === undefined) throw new Error(`there is no hash algorithm ${name}`)
  return { change: hashed(algorithm, salt, bytesOf), parameters: masked }
}

/** Settings that begin like these and are none of them. Throws nothing. */
export const columnRuleProblems = (
  originals: Readonly<Record<string, string>>,
): readonly (readonly [key: string, what: string])[] =>
  Object.entries(originals).flatMap(([key, value]) => {
    if (!/^column\.(mask|truncate)\./.test(key)) return []
    try {
      // Values that must not leave the database must never do so because a setting was not understood.
      if (!order.some(pattern => pattern.test(key)))
        return [[key, 'it is none of column.mask.* and column.truncate.*'] as const]
      ruleOf(key)
      wholeNames([value])
      return []
    } catch (error) {
      return [[key, (error as Error).message] as const]
    }
  })

/** column.mask.*, column.truncate.*, column.propagate.source.type and datatype.propagate.source.type. */
export class ColumnRules {
  readonly #rules: readonly Rule[]

  /** Throws for what `columnRuleProblems` names, and SyntaxError for a pattern that cannot be read. */
  constructor(originals: Readonly<Record<string, string>>, propagate: PropagateSettings) {
    const matching = (patterns: readonly RegExp[]) => (name: string) => patterns.some(pattern => pattern.test(name))
    const given = Object.keys(originals)
    const changing = order.flatMap(pattern =>
      given
        .filter(key => pattern.test(key))
        .map(key => ({ ...ruleOf(key), test: matching(wholeNames([originals[key]!])) })),
    )
    const typed = { change: undefined, parameters: undefined }
    const byColumn = matching(wholeNames(propagate.columnPropagateSourceType))
    const byType = matching(wholeNames(propagate.datatypePropagateSourceType))
    this.#rules = [
      ...changing,
      { ...typed, test: byColumn },
      { ...typed, test: (column, type) => byType(`${column.slice(0, column.lastIndexOf('.'))}.${type}`) },
    ]
  }

  /** The one that counts for a column. */
  of(schema: string, table: string, column: string, type: string): ColumnRule | undefined {
    return this.#rules.find(rule => rule.test(`${schema}.${table}.${column}`, type))
  }
}
