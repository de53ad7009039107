import { Decimal, decimalSchema, type Schema, s } from 'millrace'
import { type Codec, parsedCodec, type TextSource, textOf } from './codec.ts'
import { doubleCodec } from './plain-codecs.ts'

export type DecimalMode = 'precise' | 'double' | 'string'

const base64Digits = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const quote = 0x22
const scratch = new Uint8Array(8)

/** The two's complement bytes of a safe integer in base64, in quotes. */
const writeBase64Integer = (value: number, out: Buffer, start: number): number => {
  const magnitude = value < 0 ? -value - 1 : value
  let length = 1
  for (let limit = 128; magnitude >= limit; limit *= 256) length++
  const high = Math.floor(value / 4294967296)
  const low = value - high * 4294967296
  for (let byte = 0; byte < length; byte++) {
    scratch[length - 1 - byte] = byte < 4 ? low >>> (8 * byte) : high >> (8 * (byte - 4))
  }
  let pos = start
  out[pos++] = quote
  for (let at = 0; at < length; at += 3) {
    const first = scratch[at]!
    const second = at + 1 < length ? scratch[at + 1]! : 0
    const third = at + 2 < length ? scratch[at + 2]! : 0
    out[pos++] = base64Digits[first >> 2]!
    out[pos++] = base64Digits[((first & 3) << 4) | (second >> 4)]!
    out[pos++] = at + 1 < length ? base64Digits[((second & 15) << 2) | (third >> 6)]! : 0x3d
    out[pos++] = at + 2 < length ? base64Digits[third & 63]! : 0x3d
  }
  out[pos++] = quote
  return pos
}

const isSpecial = (text: string): boolean => /^(NaN|-?Infinity)$/.test(text)

/** numeric(p, s) as Connect's Decimal. NaN and the infinities have no such form and are null, as Debezium has them. */
const fixedCodec = (precision: number, scale: number, source: TextSource): Codec => {
  const schema = decimalSchema(scale).with({
    parameters: { scale: String(scale), 'connect.decimal.precision': String(precision) },
  })
  const parsed = parsedCodec(schema, source, { factor: 1, extra: scale + 24 }, text =>
    isSpecial(text) ? null : Decimal.parse(text).withScale(scale),
  )
  return {
    ...parsed,
    write(src, at, end, out, pos) {
      let from = at
      const negative = src[from] === 0x2d
      if (negative) from++
      let digits = 0
      let unscaled = 0
      let fraction = -1
      for (; from < end; from++) {
        const byte = src[from]!
        if (byte === 0x2e) fraction = digits
        else if (byte >= 0x30 && byte <= 0x39) {
          unscaled = unscaled * 10 + (byte - 0x30)
          digits++
        } else break
      }
      const given = fraction < 0 ? 0 : digits - fraction
      if (from < end || digits > 15 || given !== scale) return parsed.write(src, at, end, out, pos)
      return writeBase64Integer(negative ? -unscaled : unscaled, out, pos)
    },
  }
}

const variableSchema = s.struct(
  { scale: s.int32(), value: s.bytes() },
  { name: 'io.debezium.data.VariableScaleDecimal', version: 1, doc: 'Variable scaled decimal' },
)

/** A number whose scale is its own: without trailing zeros, never below 0. */
const variable = (text: string): { scale: number; value: Buffer } | null => {
  if (isSpecial(text)) return null
  let decimal = Decimal.parse(text)
  while (decimal.scale > 0 && decimal.unscaled % 10n === 0n) decimal = decimal.withScale(decimal.scale - 1)
  if (decimal.scale < 0) decimal = decimal.withScale(0)
  return { scale: decimal.scale, value: decimal.toBytes() }
}

const specialNames: Readonly<Record<string, string>> = {
  NaN: 'NAN',
  Infinity: 'POSITIVE_INFINITY',
  '-Infinity': 'NEGATIVE_INFINITY',
}

/** `zeros`: how many to add after a decimal point. */
const stringCodec = (source: TextSource, zeros: number): Codec => {
  const tail = zeros === 0 ? '' : `.${'0'.repeat(zeros)}`
  return parsedCodec(s.string(), source, { factor: 1, extra: 20 + tail.length }, text =>
    isSpecial(text) ? specialNames[text]! : text + tail,
  )
}

/** The largest scale that is none: a negative one shows as its 11 bits, as in Debezium's records. */
const greatestScale = 1000

/** In an array NaN and the infinities are nothing, whatever the mode. Elements are read by `value` only. */
const finite = (codec: Codec, source: TextSource): Codec => ({
  ...codec,
  value: (src, at, end) => (isSpecial(textOf(src, at, end, source)) ? null : codec.value(src, at, end)),
})

/** `typmod` -1: no precision given. */
export const numericCodec = (typmod: number, mode: DecimalMode, source: TextSource): Codec => {
  if (mode === 'double') return source === 'array' ? finite(doubleCodec(source), source) : doubleCodec(source)
  const scale = (typmod - 4) & 0x7ff
  if (mode === 'string') {
    const codec = stringCodec(source, typmod >= 4 && scale > greatestScale ? scale : 0)
    return source === 'array' ? finite(codec, source) : codec
  }
  if (typmod < 4) return parsedCodec(variableSchema, source, { factor: 1, extra: 48 }, variable)
  return fixedCodec(((typmod - 4) >> 16) & 0xffff, scale, source)
}

/** What `lc_monetary=C` prints: `-$1,234.50`. */
const amount = (text: string): string => text.replace(/[$,]/g, '')

export const moneyCodec = (digits: number, mode: DecimalMode, source: TextSource): Codec => {
  if (mode === 'double') return parsedCodec(s.float64(), source, { factor: 1, extra: 24 }, text => Number(amount(text)))
  if (mode === 'string') return parsedCodec(s.string(), source, { factor: 1, extra: 2 }, amount)
  const schema: Schema = decimalSchema(digits)
  return parsedCodec(schema, source, { factor: 1, extra: digits + 24 }, text => {
    const { unscaled, scale } = Decimal.parse(amount(text))
    if (scale <= digits) return new Decimal(unscaled, scale).withScale(digits)
    // Halves go away from zero.
    const unit = 10n ** BigInt(scale - digits)
    return new Decimal((unscaled + (unscaled < 0n ? -unit : unit) / 2n) / unit, digits)
  })
}
