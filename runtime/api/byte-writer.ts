const large = 256 * 1024

/**
 * A growing buffer with a write position. Converters and lazy values write straight into it, so that a record's bytes
 * are made once, where they are sent from.
 *
 * The contract of a writer: call `reserve(n)` before writing at most `n` bytes at `pos`, then advance `pos`.
 * `buf` may be another object after `reserve`: read it again.
 */
export class ByteWriter {
  buf: Buffer
  pos = 0

  constructor(capacity = 64 * 1024) {
    this.buf = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for `bytes` more at `pos`; what was written so far is kept. */
  reserve(bytes: number): void {
    const needed = this.pos + bytes
    if (needed <= this.buf.length) return
    // Beyond a point, twice as much would mostly be memory that nobody uses.
    let capacity = this.buf.length
    while (capacity < needed) capacity += capacity < large ? capacity : capacity >> 2
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.buf.copy(grown, 0, 0, this.pos)
    this.buf = grown
  }

  writeByte(byte: number): void {
    this.reserve(1)
    this.buf[this.pos++] = byte
  }

  writeBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buf.set(bytes, this.pos)
    this.pos += bytes.length
  }

  /** Writes text as UTF-8. */
  writeText(text: string): void {
    this.reserve(text.length * 3)
    this.pos += this.buf.write(text, this.pos, 'utf8')
  }
}
