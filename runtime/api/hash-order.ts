/** Java's String.hashCode, spread as its HashMap does. */
const spread = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash ^ (hash >>> 16)
}

/**
 * In the order in which a Java HashMap that was filled with these keys gives them: where Kafka Connect writes or shows a map
 * without sorting it, its tools, its registries and its tests have seen this order.
 */
export const inHashOrder = <T>(items: Iterable<T>, keyOf: (item: T) => string): T[] => {
  const list = [...items]
  let buckets = 16
  while (list.length > buckets * 0.75) buckets *= 2
  const bucket = (item: T) => (spread(keyOf(item)) & (buckets - 1)) >>> 0
  return list.sort((a, b) => bucket(a) - bucket(b))
}

/** Keys in that order. */
export const hashOrder = (keys: Iterable<string>): string[] => inHashOrder(keys, key => key)

/** A map with its keys in that order. */
export const hashOrdered = <T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(inHashOrder(Object.entries(map), ([key]) => key))
