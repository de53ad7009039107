let left = 1000

/**
 * A function from text, for the record path: several times as fast as a loop over what it is made for. Nothing of the text may come
 * from outside but as a number or a JSON string literal. undefined once a process has made 1,000, and where Node was told not to
 * make code from strings: whoever asks must be able to do without.
 */
export const madeFunction = <T>(parameters: readonly string[], body: string): T | undefined => {
  if (left <= 0) return undefined
  left--
  try {
    return new Function(...parameters, body) as T
  } catch {
    left = 0
    return undefined
  }
}
