import type { SinkRecord } from 'millrace'

/** Where a format writes: as `ByteWriter`. */
export interface Out {
  buf: Buffer
  pos: number
  reserve(bytes: number): void
}

export interface Format {
  /** As in `.json`; the codec's comes behind it. */
  readonly extension: string
  /** Writes one record. Throws DataError before it has written anything: one `reserve`, then bytes. */
  write(out: Out, record: SinkRecord, first: boolean): void
  /** Writes what ends an object of one record or more. */
  end?(out: Out): void
}

/** Writes texts one behind the other. */
export const writeTexts = (out: Out, ...texts: readonly string[]): void => {
  let most = 0
  for (const text of texts) most += text.length * 3
  out.reserve(most)
  for (const text of texts) out.pos += out.buf.write(text, out.pos, 'utf8')
}
