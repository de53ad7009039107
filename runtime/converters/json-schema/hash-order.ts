/** The hash that Java keeps a text under in its HashMap. */
const hashOf = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash ^ (hash >>> 16)
}

/**
 * Entries in the order in which Java's HashMap gives them, having grown while they were put: Confluent's converter writes
 * properties so, and a registry takes the same schema in another order for another one.
 */
export const hashOrder = <T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] => {
  let capacity = 16
  while (entries.length > capacity * 0.75) capacity *= 2
  const place = ([name]: readonly [string, T]): number => hashOf(name) & (capacity - 1)
  return entries.toSorted((one, other) => place(one) - place(other))
}
