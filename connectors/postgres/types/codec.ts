import type { Schema } from 'millrace'
import { jsonText } from './json-text.ts'

/**
 * One column type under one set of modes. The text of a value, as the server prints it, is `src[at..end)`; never SQL null.
 * `value` builds what the schema describes and is the meaning; `write` puts the JSON of exactly that at `pos` and returns the
 * end position.
 */
export interface Codec {
  /** Required and without default: column and key schemas add those. */
  readonly schema: Schema
  /** `write` takes at most `factor * (end - at) + extra` bytes. */
  readonly factor: number
  readonly extra: number
  /** A closer bound for one text, where `factor` is far off for long ones. */
  bound?(src: Buffer, at: number, end: number): number
  /** Null for what the type has no value for (a NaN among decimals). Throws DataError for text that is no such value. */
  value(src: Buffer, at: number, end: number): unknown
  /** Returns -1, with nothing written, where `value` is null. */
  write(src: Buffer, at: number, end: number, out: Buffer, pos: number): number
}

/**
 * Where the text comes from: COPY escapes backslashes, tabs and line ends; the replication stream sends values as they are. Elements of an
 * array are plain too, but Debezium reads some of them in another way.
 */
export type TextSource = 'copy' | 'stream' | 'array'

const plain: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** The value's text. */
export const textOf = (src: Buffer, at: number, end: number, source: TextSource): string => {
  const text = src.toString('utf8', at, end)
  if (source !== 'copy' || !text.includes('\\')) return text
  return text.replace(/\\(.)/gs, (_, letter: string) => plain[letter] ?? letter)
}

/** A codec by way of text and value: for types that need no speed. */
export const parsedCodec = (
  schema: Schema,
  source: TextSource,
  bound: { readonly factor: number; readonly extra: number },
  parse: (text: string) => unknown,
): Codec => ({
  schema,
  ...bound,
  value: (src, at, end) => parse(textOf(src, at, end, source)),
  write(src, at, end, out, pos) {
    const value = parse(textOf(src, at, end, source))
    if (value === null) return -1
    return pos + out.write(jsonText(schema, value), pos, 'utf8')
  },
})
