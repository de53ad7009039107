import type { Schema } from 'millrace'
import type { Codec } from './codec.ts'
import { jsonText } from './json-text.ts'
import type { ColumnType } from './type-registry.ts'

/** JDBC knows these as character types. */
const texts = new Set(['varchar', 'text', 'bpchar', 'char', 'name'])

/** Whether masks and truncation change values of this type. */
export const isText = (type: ColumnType): boolean =>
  type.element === undefined && (type.enumLabels !== undefined || texts.has(type.name))

/** A codec of text whose values become others. */
export const changedCodec = (codec: Codec, schema: Schema, change: (text: string | null) => string | null): Codec => {
  const value = (src: Buffer, at: number, end: number) => change(codec.value(src, at, end) as string | null)
  return {
    schema,
    factor: codec.factor,
    // A hash has at most 128 digits; what is longer is asked of `bound`.
    extra: codec.extra + 128,
    value,
    write(src, at, end, out, pos) {
      const text = value(src, at, end)
      return text === null ? -1 : pos + out.write(jsonText(schema, text), pos, 'utf8')
    },
  }
}
