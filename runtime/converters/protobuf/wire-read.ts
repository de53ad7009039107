import { isUtf8 } from 'node:buffer'
import { DataError } from '../../api/errors.ts'
import { BYTES, END_GROUP, FIXED32, FIXED64, START_GROUP, VARINT } from './wire-write.ts'

const two32 = 4_294_967_296
const maxGroupDepth = 100

const malformed = (what: string, at: number): DataError =>
  new DataError(`Not a Protobuf message: ${what} at byte ${at} of the payload`)

/** Reads Protobuf's wire format. One reader serves all payloads of a schema. */
export class WireReader {
  buf: Buffer = Buffer.alloc(0)
  pos = 0
  /** Where the message that is being read ends. */
  end = 0
  // The halves of the last varint, so that 64 bits need no bigint unless they are large.
  #lo = 0
  #hi = 0

  /** Starts over with a payload, which must stay as it is while it is read. */
  reset(payload: Uint8Array): void {
    this.buf = Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length)
    this.pos = 0
    this.end = payload.length
  }

  #varint(): void {
    const { buf, end } = this
    const start = this.pos
    let pos = start
    let lo = 0
    let hi = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) throw malformed('it ends inside a number', start)
      const byte = buf[pos++]!
      if (shift < 28) lo |= (byte & 127) << shift
      else if (shift === 28) {
        lo |= (byte & 15) << 28
        hi = (byte & 127) >> 4
      } else hi |= (byte & 127) << (shift - 32)
      if (byte < 128) {
        this.pos = pos
        this.#lo = lo >>> 0
        this.#hi = hi >>> 0
        return
      }
    }
    throw malformed('a number of more than ten bytes', start)
  }

  /** A field's number and wire type. */
  tag(): number {
    const at = this.pos
    const first = this.uint32()
    if (this.#hi !== 0 || first >>> 3 === 0) throw malformed('no field has the number 0', at)
    return first
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    const byte = this.pos < this.end ? this.buf[this.pos]! : 128
    if (byte < 128) {
      this.pos++
      this.#lo = byte
      this.#hi = 0
      return byte
    }
    this.#varint()
    return this.#lo
  }

  int32(): number {
    return this.uint32() | 0
  }

  sint32(): number {
    const value = this.uint32()
    return (value >>> 1) ^ -(value & 1)
  }

  bool(): boolean {
    this.#varint()
    return (this.#lo | this.#hi) !== 0
  }

  int64(): number | bigint {
    this.#varint()
    return signed(this.#lo, this.#hi)
  }

  uint64(): number | bigint {
    this.#varint()
    return unsigned(this.#lo, this.#hi)
  }

  sint64(): number | bigint {
    this.#varint()
    const sign = -(this.#lo & 1)
    return signed((((this.#lo >>> 1) | (this.#hi << 31)) ^ sign) >>> 0, ((this.#hi >>> 1) ^ sign) >>> 0)
  }

  #take(length: number): number {
    const at = this.pos
    if (length > this.end - at) throw malformed(`${length} bytes are announced but only ${this.end - at} left`, at)
    this.pos = at + length
    return at
  }

  #length(): number {
    const length = this.uint32()
    if (this.#hi !== 0) throw malformed('a length beyond 4 GB', this.pos)
    return length
  }

  fixed32(): number {
    return this.buf.readUInt32LE(this.#take(4))
  }

  sfixed32(): number {
    return this.buf.readInt32LE(this.#take(4))
  }

  fixed64(): number | bigint {
    const at = this.#take(8)
    return unsigned(this.buf.readUInt32LE(at), this.buf.readUInt32LE(at + 4))
  }

  sfixed64(): number | bigint {
    const at = this.#take(8)
    return signed(this.buf.readUInt32LE(at), this.buf.readUInt32LE(at + 4))
  }

  float(): number {
    return this.buf.readFloatLE(this.#take(4))
  }

  double(): number {
    return this.buf.readDoubleLE(this.#take(8))
  }

  /** Text; throws DataError when it is not UTF-8. */
  string(): string {
    const at = this.#take(this.#length())
    const text = this.buf.toString('utf8', at, this.pos)
    // The replacement character is rare: only then is the text looked at twice.
    if (text.includes('\ufffd') && !isUtf8(this.buf.subarray(at, this.pos)))
      throw malformed('text that is not UTF-8', at)
    return text
  }

  /** A copy, since the payload's memory is used again. */
  bytes(): Uint8Array {
    const at = this.#take(this.#length())
    return new Uint8Array(this.buf.subarray(at, this.pos))
  }

  /** Enters a message or a run of packed values; gives the end to return to with `leave`. */
  enter(): number {
    const outer = this.end
    const length = this.#length()
    this.pos = this.#take(length)
    this.end = this.pos + length
    return outer
  }

  leave(outer: number): void {
    this.pos = this.end
    this.end = outer
  }

  /** Steps over a field that the schema does not have. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.#varint()
        return
      case FIXED64:
        this.#take(8)
        return
      case BYTES:
        this.#take(this.#length())
        return
      case FIXED32:
        this.#take(4)
        return
      case START_GROUP:
        this.#skipGroup(tag >>> 3, depth)
        return
      default:
        throw malformed(`a field of wire type ${tag & 7}`, this.pos)
    }
  }

  #skipGroup(number: number, depth: number): void {
    if (depth === maxGroupDepth) throw malformed(`groups nested more than ${maxGroupDepth} deep`, this.pos)
    while (this.pos < this.end) {
      const tag = this.tag()
      if ((tag & 7) !== END_GROUP) this.skip(tag, depth + 1)
      else if (tag >>> 3 === number) return
      else throw malformed(`the end of another group than ${number}`, this.pos)
    }
    throw malformed(`group ${number} does not end`, this.pos)
  }
}

const unsigned = (lo: number, hi: number): number | bigint =>
  hi < 0x20_0000 ? hi * two32 + lo : (BigInt(hi) << 32n) | BigInt(lo)

const signed = (lo: number, hi: number): number | bigint => {
  const high = hi | 0
  const value = high * two32 + lo
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(lo)
}
