import { compareKeys, type SortedKeys } from './sorted-keys.ts'

export interface ListRequest {
  readonly prefix: string
  readonly delimiter: string
  /** Only keys and common prefixes after this. */
  readonly after: string
  readonly maxKeys: number
}

export interface ListPage {
  readonly keys: readonly string[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
  /** The last key or common prefix of this page: the next page begins after it. */
  readonly last: string
}

/** One page of a listing: keys under the prefix, rolled up at the delimiter. A common prefix counts as one entry. */
export const listPage = (all: SortedKeys, { prefix, delimiter, after, maxKeys }: ListRequest): ListPage => {
  const keys: string[] = []
  const prefixes: string[] = []
  let last = ''
  let index = all.indexOf(compareKeys(after, prefix) > 0 ? after : prefix)
  for (;;) {
    const key = all.at(index)
    if (key === undefined || !key.startsWith(prefix)) return { keys, prefixes, truncated: false, last }
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    const entry = common ?? key
    // A page that ended with a common prefix goes on behind all that it stands for.
    const seen = compareKeys(entry, after) <= 0 || (common !== undefined && after.startsWith(common))
    if (!seen) {
      if (keys.length + prefixes.length >= maxKeys) return { keys, prefixes, truncated: maxKeys > 0, last }
      if (common === undefined) keys.push(key)
      else prefixes.push(common)
      last = entry
    }
    index = common === undefined ? index + 1 : skip(all, index, common)
  }
}

const skip = (all: SortedKeys, from: number, prefix: string): number => {
  let low = from
  let high = all.size
  while (low < high) {
    const middle = (low + high) >>> 1
    if (all.at(middle)!.startsWith(prefix)) low = middle + 1
    else high = middle
  }
  return low
}
