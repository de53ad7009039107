import { distance } from '../base/nearest.ts'
import type { KnownPlugin } from './builtin.ts'

/**
 * The short names of a class: the simple name, and that without what says its type. Not those of a class with a side: `Cast$Value`
 * needs its full name, as in Kafka Connect.
 */
export const shortNames = (className: string): readonly string[] => {
  if (className.includes('$')) return []
  const simple = className.slice(className.lastIndexOf('.') + 1)
  const bare = simple.replace(/(Connector|Converter|HeaderConverter|Transformation|Predicate|ConfigProvider)$/, '')
  return bare === '' || bare === simple ? [simple] : [simple, bare]
}

// Kafka Connect's own: configurations written for it alone go on working beside the plugins of others.
const isKafka = ({ location }: KnownPlugin): boolean => location.class.startsWith('org.apache.kafka.connect.')

/** Plugins by every name they go by; a short name of two classes belongs to that of Kafka Connect, else to none. */
export const nameIndex = (plugins: readonly KnownPlugin[]): ReadonlyMap<string, KnownPlugin> => {
  const index = new Map<string, KnownPlugin>()
  const ambiguous = new Set<string>()
  for (const plugin of plugins) index.set(plugin.location.class, plugin)
  for (const plugin of plugins) {
    for (const name of [...plugin.aliases, ...shortNames(plugin.location.class)]) {
      const other = index.get(name)
      if (other !== undefined && other.location.class !== plugin.location.class) {
        if (isKafka(plugin)) index.set(name, plugin)
        else if (!name.includes('.') && !isKafka(other)) ambiguous.add(name)
      } else index.set(name, plugin)
    }
  }
  for (const name of ambiguous) index.delete(name)
  return index
}

/** The nearest of some names to one that is not among them, when it is near enough to be what was meant. */
export const didYouMean = (name: string, among: Iterable<string>): string | undefined => {
  const simple = (text: string) => text.slice(text.lastIndexOf('.') + 1)
  const wrong = simple(name).toLowerCase()
  let best: { name: string; score: number } | undefined
  for (const candidate of among) {
    const forms = [simple(candidate), ...shortNames(candidate)].map(form => form.toLowerCase())
    const score = Math.min(...forms.map(form => distance(wrong, form)))
    if (best === undefined || score < best.score) best = { name: candidate, score }
  }
  return best !== undefined && best.score <= Math.min(3, Math.floor(wrong.length / 4)) ? best.name : undefined
}

/** Compares versions part by part, numbers as numbers; an unknown one is the lowest. */
export const compareVersions = (a: string, b: string): number => {
  if (a === b) return 0
  if (a === 'undefined' || b === 'undefined') return a === 'undefined' ? -1 : 1
  const left = a.split(/[.-]/)
  const right = b.split(/[.-]/)
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    // 1.0 is newer than 1.0-beta: a missing part beats a word and loses to a number.
    const [x, y] = [left[at] ?? '', right[at] ?? '']
    if (x === y) continue
    const [p, q] = [rank(x), rank(y)]
    if (p[0] !== q[0]) return p[0] - q[0]
    if (p[1] !== q[1]) return p[1] - q[1]
    return x < y ? -1 : 1
  }
  return 0
}

const rank = (part: string): readonly [number, number] =>
  part === '' ? [1, 0] : /^\d+$/.test(part) ? [2, Number(part)] : [0, 0]
