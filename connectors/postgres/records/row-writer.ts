import { madeFunction } from 'millrace'
import type { LayoutColumn } from './layout-column.ts'

/** Writes the JSON of the row whose fields lie between `bounds` in `buf`; returns the end of what it wrote. */
export type RowWriter = (buf: Buffer, bounds: Int32Array, out: Buffer, start: number) => number

/** Longer ones would be compiled slowly. */
const mostColumns = 200

/**
 * The columns one by one, as code: each codec is called at a place of its own, where V8 can inline it, and labels need no loop. All
 * that varies in the text are numbers. undefined: `RowLayout` does the same without.
 */
export const rowWriter = (columns: readonly LayoutColumn[], unchanged: number): RowWriter | undefined => {
  if (columns.length === 0 || columns.length > mostColumns) return undefined
  const body = columns.map(({ label, place }, index) => {
    const bytes = Array.from(label, (byte, at) => `out[pos + ${at}] = ${byte}`)
    return `${bytes.join('; ')}; pos += ${label.length}
      from = bounds[${place * 2}]
      end = from < 0 ? -1 : write${index}(buf, from, bounds[${place * 2 + 1}], out, pos)
      pos = end >= 0 ? end : pos + (from === ${unchanged} ? unavailable${index} : missing${index}).copy(out, pos)`
  })
  const names = columns.flatMap((_, index) => [`write${index}`, `missing${index}`, `unavailable${index}`])
  const values = columns.flatMap(({ codec, missingJson, unavailableJson }) => [
    codec.write.bind(codec),
    missingJson,
    unavailableJson,
  ])
  const make = madeFunction<(...values: readonly unknown[]) => RowWriter>(
    names,
    `return (buf, bounds, out, start) => {
      let pos = start, from = 0, end = 0
      ${body.join('\n')}
      out[pos++] = 0x7d
      return pos
    }`,
  )
  return make?.(...values)
}
