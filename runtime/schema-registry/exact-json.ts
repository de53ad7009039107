/** What the language has for numbers as they are written, which the compiler's library does not know yet. */
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}

export type JsonObject = Readonly<Record<string, unknown>>

/** A number keeps its digits: those beyond 2^53 too (invariant 9). */
const exact = (_key: string, value: unknown, { source }: { readonly source?: string }): unknown =>
  typeof value === 'number' && source !== undefined ? json.rawJSON(source) : value

/** Numbers are kept as they are written, for `JSON.stringify` alone. Throws SyntaxError. */
export const parseExact = (text: string): unknown => json.parse(text, exact)

/** An object of the text: no array, and no number that was kept. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)

/** Without the blanks between tokens; numbers and the order of members stay as they are. */
export const compactJson = (text: string): string =>
  text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '')

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

/** Members in order of their names: schemas that differ in nothing else become one. */
export const sortedJson = (text: string): string => JSON.stringify(sorted(parseExact(text)))
