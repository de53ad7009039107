import { ByteWriter } from '../api/byte-writer.ts'
import { ProtocolError } from './protocol-error.ts'

/** The uuid of 16 zero bytes, which stands for "none". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
export const EMPTY_BYTES: Buffer = Buffer.alloc(0)

const TWO_32 = 4_294_967_296
const MAX_STRING = 0x7fff
const MAX_LENGTH = 0x7fff_ffff

/**
 * Reads Kafka's primitive types from `buf`, from `pos` up to `end`. Every method advances `pos` and throws ProtocolError
 * when bytes are missing or mean nothing. Bytes come as views, never copies.
 */
export class Reader {
  readonly buf: Buffer
  pos: number
  readonly end: number

  constructor(buf: Buffer, pos = 0, end: number = buf.length) {
    this.buf = buf
    this.pos = pos
    this.end = end
  }

  get remaining(): number {
    return this.end - this.pos
  }

  /** Steps over `bytes` and returns where they start. */
  skip(bytes: number): number {
    const start = this.pos
    if (bytes < 0 || bytes > this.end - start) {
      throw new ProtocolError(`${bytes} bytes wanted at position ${start}, ${this.end - start} left`)
    }
    this.pos = start + bytes
    return start
  }

  boolean(): boolean {
    return this.buf[this.skip(1)] !== 0
  }

  int8(): number {
    return this.buf.readInt8(this.skip(1))
  }

  int16(): number {
    return this.buf.readInt16BE(this.skip(2))
  }

  uint16(): number {
    return this.buf.readUInt16BE(this.skip(2))
  }

  int32(): number {
    return this.buf.readInt32BE(this.skip(4))
  }

  uint32(): number {
    return this.buf.readUInt32BE(this.skip(4))
  }

  /** Throws for an integer that a number does not hold exactly (invariant 9). */
  int64(): number {
    const at = this.skip(8)
    const value = this.buf.readInt32BE(at) * TWO_32 + this.buf.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw new ProtocolError(`int64 ${this.buf.readBigInt64BE(at)} is beyond 2^53`)
    return value
  }

  bigint64(): bigint {
    return this.buf.readBigInt64BE(this.skip(8))
  }

  float64(): number {
    return this.buf.readDoubleBE(this.skip(8))
  }

  /** Unsigned, at most 32 bits in at most 5 bytes. */
  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buf[this.skip(1)]!
      if (shift === 28 && byte > 15) break
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new ProtocolError(`varint before position ${this.pos} is longer than 32 bits`)
  }

  /** Zig-zag, 32 bits. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** Zig-zag, 64 bits on the wire; throws beyond 2^53 (invariant 9). */
  varlong(): number {
    const value = this.bigVarlong()
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new ProtocolError(`varlong ${value} is beyond 2^53`)
    return number
  }

  /** Zig-zag, 64 bits. */
  bigVarlong(): bigint {
    let raw = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.buf[this.skip(1)]!
      raw |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
    }
    throw new ProtocolError(`varlong before position ${this.pos} is longer than 64 bits`)
  }

  /** Kafka's text form: 22 characters of base64url. */
  uuid(): string {
    const at = this.skip(16)
    return this.buf.toString('base64url', at, at + 16)
  }

  /** A length that may be null (-1). */
  #nullableLength(length: number): number {
    if (length < -1) throw new ProtocolError(`length ${length} before position ${this.pos}`)
    return length
  }

  #text(length: number): string {
    const start = this.skip(length)
    return this.buf.toString('utf8', start, start + length)
  }

  #view(length: number): Buffer {
    const start = this.skip(length)
    return this.buf.subarray(start, start + length)
  }

  nullableString(): string | null {
    const length = this.#nullableLength(this.int16())
    return length === -1 ? null : this.#text(length)
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  string(): string {
    return present(this.nullableString(), 'string')
  }

  compactString(): string {
    return present(this.compactNullableString(), 'string')
  }

  nullableBytes(): Buffer | null {
    const length = this.#nullableLength(this.int32())
    return length === -1 ? null : this.#view(length)
  }

  compactNullableBytes(): Buffer | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#view(length)
  }

  bytes(): Buffer {
    return present(this.nullableBytes(), 'bytes')
  }

  compactBytes(): Buffer {
    return present(this.compactNullableBytes(), 'bytes')
  }

  /** -1: null. Bounded by the bytes left, so that a damaged length cannot ask for gigabytes: no element is empty. */
  arrayLength(): number {
    return this.#boundedCount(this.#nullableLength(this.int32()))
  }

  compactArrayLength(): number {
    return this.#boundedCount(this.uvarint() - 1)
  }

  #boundedCount(count: number): number {
    if (count > this.end - this.pos) {
      throw new ProtocolError(`array of ${count} at position ${this.pos}, ${this.end - this.pos} bytes left`)
    }
    return count
  }

  /** Steps over a section of tagged fields. */
  skipTaggedFields(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }
}

function present<T>(value: T | null, type: string): T {
  if (value === null) throw new ProtocolError(`null where ${type} must not be null`)
  return value
}

/**
 * Writes Kafka's primitive types. Foreign buffers (record sets) are not copied: `finish` gives a list for writev.
 * Throws ProtocolError for a value the type does not hold (invariant 9).
 */
export class Writer extends ByteWriter {
  readonly #done: Buffer[] = []
  #doneBytes = 0
  #chunkStart = 0

  constructor(capacity = 256) {
    super(capacity)
  }

  /** Bytes written so far, foreign buffers included. */
  get length(): number {
    return this.#doneBytes + this.pos - this.#chunkStart
  }

  /** Everything written, in order; the writer must not be used afterwards. */
  finish(): Buffer[] {
    this.#cut()
    return this.#done
  }

  #cut(): void {
    if (this.pos === this.#chunkStart) return
    this.#done.push(this.buf.subarray(this.#chunkStart, this.pos))
    this.#doneBytes += this.pos - this.#chunkStart
    this.#chunkStart = this.pos
  }

  /** Puts `bytes` in as they are, without a copy: they must not change until they are sent. */
  foreign(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#cut()
    this.#done.push(bytes)
    this.#doneBytes += bytes.length
  }

  boolean(value: boolean): void {
    if (typeof value !== 'boolean') throw new ProtocolError(`${typeof value} where a boolean is wanted`)
    this.reserve(1)
    this.buf[this.pos++] = value ? 1 : 0
  }

  int8(value: number): void {
    integer(value, -0x80, 0x7f)
    this.reserve(1)
    this.buf[this.pos++] = value
  }

  int16(value: number): void {
    integer(value, -0x8000, 0x7fff)
    this.reserve(2)
    this.pos = this.buf.writeInt16BE(value, this.pos)
  }

  uint16(value: number): void {
    integer(value, 0, 0xffff)
    this.reserve(2)
    this.pos = this.buf.writeUInt16BE(value, this.pos)
  }

  int32(value: number): void {
    integer(value, -0x8000_0000, 0x7fff_ffff)
    this.reserve(4)
    this.pos = this.buf.writeInt32BE(value, this.pos)
  }

  uint32(value: number): void {
    integer(value, 0, 0xffff_ffff)
    this.reserve(4)
    this.pos = this.buf.writeUInt32BE(value, this.pos)
  }

  int64(value: number): void {
    integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    this.reserve(8)
    const high = Math.floor(value / TWO_32)
    this.buf.writeInt32BE(high, this.pos)
    this.pos = this.buf.writeUInt32BE(value - high * TWO_32, this.pos + 4)
  }

  bigint64(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) {
      throw new ProtocolError(`${String(value)} is no 64 bit bigint`)
    }
    this.reserve(8)
    this.pos = this.buf.writeBigInt64BE(value, this.pos)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw new ProtocolError(`${typeof value} where a number is wanted`)
    this.reserve(8)
    this.pos = this.buf.writeDoubleBE(value, this.pos)
  }

  uvarint(value: number): void {
    integer(value, 0, 0xffff_ffff)
    this.reserve(5)
    let rest = value
    while (rest > 127) {
      this.buf[this.pos++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.buf[this.pos++] = rest
  }

  varint(value: number): void {
    integer(value, -0x8000_0000, 0x7fff_ffff)
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  varlong(value: number): void {
    integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    this.reserve(10)
    const wide = BigInt(value)
    let raw = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    while (raw > 127n) {
      this.buf[this.pos++] = Number(raw & 127n) | 128
      raw >>= 7n
    }
    this.buf[this.pos++] = Number(raw)
  }

  /** Takes Kafka's text form: 22 characters of base64url. */
  uuid(value: string): void {
    if (typeof value !== 'string' || !/^[\w-]{21}[AQgw]$/.test(value)) throw new ProtocolError(`'${value}' is no uuid`)
    this.reserve(16)
    this.pos += this.buf.write(value, this.pos, 16, 'base64url')
  }

  string(value: string): void {
    const bytes = textBytes(value)
    this.int16(bytes)
    this.#text(value, bytes)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const bytes = textBytes(value)
    this.uvarint(bytes + 1)
    this.#text(value, bytes)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  #text(value: string, bytes: number): void {
    this.reserve(bytes)
    this.pos += this.buf.write(value, this.pos, bytes, 'utf8')
  }

  bytes(value: Uint8Array): void {
    this.int32(byteLength(value))
    this.writeBytes(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: Uint8Array): void {
    this.uvarint(byteLength(value) + 1)
    this.writeBytes(value)
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBytes(value)
  }
}

function integer(value: number, min: number, max: number): void {
  // Number.isInteger is false for everything that is not a number.
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ProtocolError(`${String(value)} is no integer from ${min} to ${max}`)
  }
}

function textBytes(value: string): number {
  if (typeof value !== 'string') throw new ProtocolError(`${typeof value} where a string is wanted`)
  const bytes = Buffer.byteLength(value)
  if (bytes > MAX_STRING) throw new ProtocolError(`string of ${bytes} bytes, at most ${MAX_STRING} fit`)
  return bytes
}

function byteLength(value: Uint8Array): number {
  if (!(value instanceof Uint8Array)) throw new ProtocolError(`${typeof value} where bytes are wanted`)
  if (value.length > MAX_LENGTH) throw new ProtocolError(`${value.length} bytes, at most ${MAX_LENGTH} fit`)
  return value.length
}
