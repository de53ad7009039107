/** Java's String.hashCode, spread as its HashMap does. */
const spread = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash ^ (hash >>> 16)
}

/**
 * Keys in the order a Java HashMap of them iterates: where Kafka Connect shows a map without sorting it, its tools and tests
 * have seen this order.
 */
export const hashOrder = (keys: Iterable<string>): string[] => {
  const list = [...keys]
  let buckets = 16
  while (list.length > buckets * 0.75) buckets *= 2
  const bucket = (key: string) => (spread(key) & (buckets - 1)) >>> 0
  return list.sort((a, b) => bucket(a) - bucket(b))
}

/** A map with its keys in that order. */
export const hashOrdered = <T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(hashOrder(Object.keys(map)).map(key => [key, map[key]!]))
