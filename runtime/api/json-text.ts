import type { Decimal } from './decimal.ts'

// Texts of values as Kafka Connect's JsonConverter writes them (golden: test/golden/converters): for formats and connectors
// that write JSON themselves.

const unlike = /["\\\u0000-\u001f\ud800-\udfff]/
const special = /[\ud800-\udfff]|\\u00/
const pairs = /[\ud800-\udbff][\udc00-\udfff]/g
const controls = /\\u00[01][0-9a-f]/g

const unit = (code: number): string => `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`

/**
 * A JSON string as Jackson writes it to bytes: hexadecimal escapes in upper case, characters beyond U+FFFF as two of them.
 * `inText`: as it writes to text, which keeps those characters.
 */
export const quoteJson = (text: string, inText = false): string => {
  // Most text is written as it is.
  if (!unlike.test(text)) return `"${text}"`
  const quoted = JSON.stringify(text)
  if (!special.test(quoted)) return quoted
  const upper = quoted.replace(controls, (code, offset: number) =>
    escaped(quoted, offset) ? code : `\\u00${code.slice(4).toUpperCase()}`,
  )
  return inText ? upper : upper.replace(pairs, pair => unit(pair.charCodeAt(0)) + unit(pair.charCodeAt(1)))
}

/** Whether the backslash at `at` is itself escaped (an odd number of backslashes before it). */
const escaped = (text: string, at: number): boolean => {
  let before = 0
  while (text[at - 1 - before] === '\\') before++
  return before % 2 === 1
}

/** Digits and exponent as Java's Double.toString and Float.toString lay them out. */
const javaLayout = (shortest: string): string => {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(shortest)!
  const sign = match[1]!
  const digits = match[2]! + (match[3] ?? '')
  const exponent = Number(match[4])
  if (exponent >= 7 || exponent < -3) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

const notPlain = (value: number): string | undefined => {
  // Jackson quotes what JSON has no number for.
  if (!Number.isFinite(value)) return `"${Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'}"`
  return value === 0 ? (Object.is(value, -0) ? '-0.0' : '0.0') : undefined
}

/** The fewest digits that give the same double; of the smallest ones, whose one digit says too little, Java shows two. */
const shortest = (value: number): string => {
  const text = value.toExponential()
  return Math.abs(value) >= 2.3e-308 || text.includes('.') ? text : value.toExponential(1).replace('.0e', 'e')
}

/** A double as Java prints it: `1.0`, `1.0E10`; in quotes what JSON has no number for: `"NaN"`. */
export const doubleText = (value: number): string => notPlain(value) ?? javaLayout(shortest(value))

/** A float as Java prints it: the fewest digits that give the same 32 bit value. */
export const floatText = (value: number): string => {
  const single = Math.fround(value)
  // A double may be too small for a float: then it is zero.
  const known = notPlain(single)
  if (known !== undefined) return known
  for (let digits = Math.abs(single) < 1.2e-38 ? 1 : 0; digits < 9; digits++) {
    const text = single.toExponential(digits)
    if (Math.fround(Number(text)) === single) return javaLayout(text.replace(/\.?0+e/, 'e'))
  }
  return javaLayout(single.toExponential())
}

/** Base64 with padding, in quotes. */
export const base64Text = (bytes: Uint8Array): string =>
  `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`

/** A decimal as Java's BigDecimal prints it: with an exponent when the scale is negative or the number very small. */
export const decimalText = (value: Decimal): string => {
  const negative = value.unscaled < 0n
  const digits = (negative ? -value.unscaled : value.unscaled).toString()
  const exponent = digits.length - 1 - value.scale
  if (value.scale === 0 || (value.scale > 0 && exponent >= -6)) return value.toString()
  return `${negative ? '-' : ''}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}${exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`}`
}
