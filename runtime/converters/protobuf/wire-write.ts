import type { ByteWriter } from '../../api/byte-writer.ts'

// Protobuf's wire types.
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const START_GROUP = 3
export const END_GROUP = 4
export const FIXED32 = 5

const two32 = 4_294_967_296

/** Writes an unsigned number below 2^32. */
export const writeUint32 = (out: ByteWriter, value: number): void => {
  out.reserve(5)
  const { buf } = out
  let { pos } = out
  let rest = value
  while (rest > 127) {
    buf[pos++] = (rest & 127) | 128
    rest >>>= 7
  }
  buf[pos++] = rest
  out.pos = pos
}

/** Writes 64 bits, given as two unsigned halves. */
const writeHalves = (out: ByteWriter, low: number, high: number): void => {
  out.reserve(10)
  const { buf } = out
  let { pos } = out
  let lo = low
  let hi = high
  while (hi !== 0) {
    buf[pos++] = (lo & 127) | 128
    lo = ((lo >>> 7) | (hi << 25)) >>> 0
    hi >>>= 7
  }
  while (lo > 127) {
    buf[pos++] = (lo & 127) | 128
    lo >>>= 7
  }
  buf[pos++] = lo
  out.pos = pos
}

// The halves of a 64-bit number; a function that gives both would make an object per value.
const lowHalf = (value: number | bigint): number =>
  typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value))
const highHalf = (value: number | bigint): number =>
  typeof value === 'number' ? Math.floor(value / two32) >>> 0 : Number(BigInt.asUintN(32, value >> 32n))

/** Writes a 64-bit varint; a negative number takes ten bytes. */
export const writeVarint = (out: ByteWriter, value: number | bigint): void => {
  if (typeof value === 'number' && value >= 0 && value < two32) writeUint32(out, value)
  else writeHalves(out, lowHalf(value), highHalf(value))
}

export const writeZigZag32 = (out: ByteWriter, value: number): void =>
  writeUint32(out, ((value << 1) ^ (value >> 31)) >>> 0)

export const writeZigZag64 = (out: ByteWriter, value: number | bigint): void => {
  const lo = lowHalf(value)
  const hi = highHalf(value)
  const sign = hi >> 31
  writeHalves(out, ((lo << 1) ^ sign) >>> 0, (((hi << 1) | (lo >>> 31)) ^ sign) >>> 0)
}

/** `value` may be signed or unsigned. */
export const writeFixed32 = (out: ByteWriter, value: number): void => {
  out.reserve(4)
  out.pos = out.buf.writeUInt32LE(value >>> 0, out.pos)
}

/** `value` may be signed or unsigned. */
export const writeFixed64 = (out: ByteWriter, value: number | bigint): void => {
  out.reserve(8)
  out.pos = out.buf.writeUInt32LE(lowHalf(value), out.pos)
  out.pos = out.buf.writeUInt32LE(highHalf(value), out.pos)
}

export const writeFloat = (out: ByteWriter, value: number): void => {
  out.reserve(4)
  out.pos = out.buf.writeFloatLE(value, out.pos)
}

export const writeDouble = (out: ByteWriter, value: number): void => {
  out.reserve(8)
  out.pos = out.buf.writeDoubleLE(value, out.pos)
}

/** Writes the length in bytes and the text as UTF-8. */
export const writeString = (out: ByteWriter, value: string): void => {
  if (value.length < 43) {
    // At most three bytes per unit: the length fits one byte.
    const at = out.pos
    out.writeByte(0)
    out.writeText(value)
    out.buf[at] = out.pos - at - 1
    return
  }
  writeUint32(out, Buffer.byteLength(value))
  out.writeText(value)
}

export const writeBytes = (out: ByteWriter, value: Uint8Array): void => {
  writeUint32(out, value.length)
  out.writeBytes(value)
}

/** Starts something whose length is not known yet; give the result to `endLength`. */
export const startLength = (out: ByteWriter): number => {
  out.writeByte(0)
  return out.pos
}

/** Writes the length of what was written since `start`; what is longer than 127 bytes moves to make room. */
export const endLength = (out: ByteWriter, start: number): void => {
  const length = out.pos - start
  if (length < 128) {
    out.buf[start - 1] = length
    return
  }
  const extra = length < 16_384 ? 1 : length < 2_097_152 ? 2 : length < 268_435_456 ? 3 : 4
  out.reserve(extra)
  out.buf.copyWithin(start + extra, start, start + length)
  out.pos = start - 1
  writeUint32(out, length)
  out.pos = start + extra + length
}
