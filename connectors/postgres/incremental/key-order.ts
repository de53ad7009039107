import { identifier, literal } from '../wire/pg-connection.ts'

export interface KeyColumn {
  readonly name: string
  /** Name of its type. */
  readonly type: string
  readonly nullable: boolean
}

/** The texts of a key's values, as the server prints them; null is SQL's. */
export type KeyTexts = readonly (string | null)[]

const names = (columns: readonly KeyColumn[]): string => columns.map(({ name }) => identifier(name)).join(', ')

/** SQL for `key > texts` in the order of `order by key`, in which nulls come last. */
const beyond = (columns: readonly KeyColumn[], texts: KeyTexts): string => {
  if (columns.every(({ nullable }) => !nullable))
    return `(${names(columns)}) > (${texts.map(text => literal(text ?? '')).join(', ')})`
  const cases = columns.map((last, place) => {
    const same = columns.slice(0, place).map(({ name }, index) => {
      const text = texts[index] ?? null
      return text === null ? `${identifier(name)} is null` : `${identifier(name)} = ${literal(text)}`
    })
    const text = texts[place] ?? null
    const name = identifier(last.name)
    const beyondText = `${name} > ${literal(text ?? '')}`
    const more = text === null ? 'false' : last.nullable ? `(${beyondText} or ${name} is null)` : beyondText
    return `(${[...same, more].join(' and ')})`
  })
  return `(${cases.join(' or ')})`
}

/** SQL for rows behind `after` (undefined: from the first on) up to `maximum`, that meet `condition`. */
const range = (
  columns: readonly KeyColumn[],
  after: KeyTexts | undefined,
  maximum: KeyTexts | undefined,
  condition: string | undefined,
): string => {
  const parts = [
    ...(condition === undefined ? [] : [`(${condition})`]),
    ...(after === undefined ? [] : [beyond(columns, after)]),
    ...(maximum === undefined ? [] : [`not ${beyond(columns, maximum)}`]),
  ]
  return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
}

/** Selects the key of the last row. */
export const maximumQuery = (table: string, columns: readonly KeyColumn[], condition: string | undefined): string => {
  const order = columns.map(({ name }) => `${identifier(name)} desc`).join(', ')
  return `select ${names(columns)} from ${table}${range(columns, undefined, undefined, condition)} order by ${order} limit 1`
}

export interface ChunkRange {
  readonly after: KeyTexts | undefined
  readonly maximum: KeyTexts
  readonly condition: string | undefined
  readonly rows: number
  /** Several rows may have the same key: a chunk ends behind all of them. */
  readonly ties: boolean
}

/** Copies the rows of a chunk in the order of its key. `selected`: the columns to copy, as SQL. */
export const chunkCopy = (
  table: string,
  selected: string,
  columns: readonly KeyColumn[],
  chunk: ChunkRange,
): string => {
  const where = range(columns, chunk.after, chunk.maximum, chunk.condition)
  const limit = chunk.ties ? `fetch first ${chunk.rows} rows with ties` : `limit ${chunk.rows}`
  return `copy (select ${selected} from ${table}${where} order by ${names(columns)} ${limit}) to stdout`
}
