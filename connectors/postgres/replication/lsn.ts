/** `16/B374D848` as a number: the position in bytes. Positions stay below 2^53 for the first 9 PB of write-ahead log. */
export const lsnOf = (text: string): number => {
  const [high = '', low = ''] = text.split('/')
  const lsn = Number.parseInt(high, 16) * 4294967296 + Number.parseInt(low, 16)
  if (!Number.isSafeInteger(lsn)) throw new RangeError(`${text} is no position of the write-ahead log`)
  return lsn
}

export const lsnText = (lsn: number): string =>
  `${Math.floor(lsn / 4294967296)
    .toString(16)
    .toUpperCase()}/${(lsn % 4294967296).toString(16).toUpperCase()}`

/** Eight bytes at `at` as a number; see `lsnOf`. */
export const readLsn = (buf: Buffer, at: number): number => buf.readUInt32BE(at) * 4294967296 + buf.readUInt32BE(at + 4)
