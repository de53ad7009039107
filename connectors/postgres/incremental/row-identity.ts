import { textOf } from '../types/codec.ts'

/** Stands between the values of a key: no text of the server has it. */
const between = '\0'
const tab = 0x09

/** The fields at these places of a COPY line; null is SQL's. */
export const lineTexts = (buf: Buffer, at: number, end: number, places: readonly number[]): (string | null)[] => {
  const starts = [at]
  for (let pos = at; pos < end; pos++) if (buf[pos] === tab) starts.push(pos + 1)
  return places.map(place => {
    const from = starts[place]!
    const to = (starts[place + 1] ?? end + 1) - 1
    if (to - from === 2 && buf.toString('latin1', from, to) === '\\N') return null
    return textOf(buf, from, to, 'copy')
  })
}

/** One text for a key; equal for the same row in a chunk and in the stream. */
export const identity = (texts: readonly (string | null)[]): string =>
  texts.map(text => (text === null ? '' : `=${text}`)).join(between)

/** The fields at these places of the tuple at `at` of the stream: null is SQL's, undefined was not sent. */
export const tupleTexts = (buf: Buffer, at: number, places: readonly number[]): (string | null | undefined)[] => {
  const fields = buf.readInt16BE(at)
  const texts: (string | null | undefined)[] = []
  let pos = at + 2
  for (let field = 0; field < fields; field++) {
    const kind = buf[pos++]
    if (kind === 0x74) {
      const length = buf.readInt32BE(pos)
      texts.push(places.includes(field) ? buf.toString('utf8', pos + 4, pos + 4 + length) : undefined)
      pos += 4 + length
    } else texts.push(kind === 0x6e ? null : undefined)
  }
  return places.map(place => texts[place])
}

/** The identity of the row in a tuple; undefined where the tuple does not hold it. */
export const tupleIdentity = (buf: Buffer, at: number, places: readonly number[]): string | undefined => {
  const texts = tupleTexts(buf, at, places)
  return texts.includes(undefined) ? undefined : identity(texts as (string | null)[])
}

/** Whether the tuple at `at` lacks a large value that did not change. */
export const leavesOut = (buf: Buffer, at: number): boolean => {
  let pos = at + 2
  for (let left = buf.readInt16BE(at); left > 0; left--) {
    const kind = buf[pos++]
    if (kind === 0x75) return true
    if (kind === 0x74) pos += 4 + buf.readInt32BE(pos)
  }
  return false
}
