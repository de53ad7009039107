// A few bytes of text (1e999999999) must not become gigabytes.
const maxRescale = 10_000

/** An exact decimal: `unscaled * 10^-scale`. Never passes through a float. */
export class Decimal {
  readonly unscaled: bigint
  readonly scale: number

  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled
    this.scale = scale
  }

  /** Reads `-12.340`, `1e-7`, `+5`; throws RangeError on anything else. The scale is that of the text. */
  static parse(text: string): Decimal {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
    const whole = match?.[2] ?? ''
    const fraction = match?.[3] ?? ''
    if (match === null || whole.length + fraction.length === 0) throw new RangeError(`Not a decimal number: ${text}`)
    const digits = BigInt(whole + fraction)
    return new Decimal(match[1] === '-' ? -digits : digits, fraction.length - Number(match[4] ?? 0))
  }

  /** Reads the big-endian two's complement form that Connect's Decimal and Kafka use. */
  static fromBytes(bytes: Uint8Array, scale: number): Decimal {
    if (bytes.length === 0) throw new RangeError('Zero length BigInteger')
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
    return new Decimal(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)), scale)
  }

  /** The shortest big-endian two's complement form of the unscaled value. */
  toBytes(): Buffer {
    const magnitude = this.unscaled < 0n ? -this.unscaled - 1n : this.unscaled
    const bits = magnitude === 0n ? 1 : magnitude.toString(2).length + 1
    const length = Math.ceil(bits / 8)
    return Buffer.from(
      BigInt.asUintN(length * 8, this.unscaled)
        .toString(16)
        .padStart(length * 2, '0'),
      'hex',
    )
  }

  /** The same number with another scale; throws RangeError when digits would be lost, or thousands of zeros written out. */
  withScale(scale: number): Decimal {
    if (scale === this.scale) return this
    if (this.unscaled === 0n) return new Decimal(0n, scale)
    if (Math.abs(scale - this.scale) > maxRescale)
      throw new RangeError(`A number of scale ${this.scale} cannot be brought to scale ${scale}`)
    if (scale > this.scale) return new Decimal(this.unscaled * 10n ** BigInt(scale - this.scale), scale)
    const divisor = 10n ** BigInt(this.scale - scale)
    if (this.unscaled % divisor !== 0n) throw new RangeError(`${this} does not fit scale ${scale} without rounding`)
    return new Decimal(this.unscaled / divisor, scale)
  }

  /** Plain digits, never an exponent: `-0.0012`. */
  toString(): string {
    const sign = this.unscaled < 0n ? '-' : ''
    const digits = (this.unscaled < 0n ? -this.unscaled : this.unscaled).toString()
    if (this.scale <= 0) return sign + (this.unscaled === 0n ? '0' : digits + '0'.repeat(-this.scale))
    const padded = digits.padStart(this.scale + 1, '0')
    return `${sign}${padded.slice(0, -this.scale)}.${padded.slice(-this.scale)}`
  }
}
