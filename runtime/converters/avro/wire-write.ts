import type { ByteWriter } from '../../api/byte-writer.ts'

const exact = 2 ** 31

/** A zig-zag varint of at most 64 bits. */
export const writeLong = (out: ByteWriter, value: number | bigint): void => {
  out.reserve(10)
  if (typeof value === 'number' && value >= -exact && value < exact) {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 127) {
      out.buf[out.pos++] = (rest & 127) | 128
      rest >>>= 7
    }
    out.buf[out.pos++] = rest
    return
  }
  // Up to 53 bits a number is enough, which every timestamp needs.
  if (typeof value === 'number' && value > -(2 ** 52) && value < 2 ** 52) {
    let zigzag = value < 0 ? -value * 2 - 1 : value * 2
    while (zigzag > 127) {
      out.buf[out.pos++] = (zigzag % 128) | 128
      zigzag = Math.floor(zigzag / 128)
    }
    out.buf[out.pos++] = zigzag
    return
  }
  const wide = BigInt(value)
  let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
  while (rest > 127n) {
    out.buf[out.pos++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  out.buf[out.pos++] = Number(rest)
}

/** Length and UTF-8. */
export const writeString = (out: ByteWriter, text: string): void => {
  const { length } = text
  // Up to 21 letters the length takes one byte, whatever they are.
  if (length <= 21) {
    out.reserve(length * 3 + 1)
    const at = out.pos
    const written = out.buf.write(text, at + 1, 'utf8')
    out.buf[at] = written * 2
    out.pos = at + 1 + written
    return
  }
  const bytes = Buffer.byteLength(text)
  writeLong(out, bytes)
  out.reserve(bytes)
  out.pos += out.buf.write(text, out.pos, bytes, 'utf8')
}

export const writeBytes = (out: ByteWriter, bytes: Uint8Array): void => {
  writeLong(out, bytes.length)
  out.writeBytes(bytes)
}

export const writeFloat = (out: ByteWriter, value: number): void => {
  out.reserve(4)
  out.pos = out.buf.writeFloatLE(value, out.pos)
}

export const writeDouble = (out: ByteWriter, value: number): void => {
  out.reserve(8)
  out.pos = out.buf.writeDoubleLE(value, out.pos)
}

export const writeByte = (out: ByteWriter, byte: number): void => {
  out.reserve(1)
  out.buf[out.pos++] = byte
}
