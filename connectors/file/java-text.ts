import { Decimal, type Schema } from 'millrace'

/** `Double.toString`: `1.0`, `1.0E10`, `NaN`. `float`: the shortest digits that give the same 32-bit number. */
export const javaNumber = (value: number, float: boolean): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', exponent = '0'] = shortest(Math.abs(value), float).split('e')
  const sign = value < 0 ? '-' : ''
  const digits = mantissa.replace('.', '')
  const power = Number(exponent)
  if (power >= -3 && power < 7) {
    if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`
    const whole = digits.slice(0, power + 1).padEnd(power + 1, '0')
    return `${sign}${whole}.${digits.slice(power + 1) || '0'}`
  }
  return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${power}`
}

const shortest = (value: number, float: boolean): string => {
  if (!float) return value.toExponential()
  for (let precision = 0; precision < 9; precision++) {
    const text = value.toExponential(precision)
    if (Math.fround(Number(text)) === value) return text.replace(/\.?0*e/, 'e')
  }
  return value.toExponential()
}

/** `BigDecimal.toString`: an exponent where plain digits would not show the scale. */
const javaDecimal = ({ unscaled, scale }: Decimal): string => {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (scale >= 0 && exponent >= -6) return new Decimal(unscaled, scale).toString()
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  return `${unscaled < 0n ? '-' : ''}${digits[0]}${fraction}E${exponent < 0 ? '' : '+'}${exponent}`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Date.toString`, in UTC. */
const javaDate = (date: Date): string => {
  const time = date.toISOString().slice(11, 19)
  const day = String(date.getUTCDate()).padStart(2, '0')
  return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${day} ${time} UTC ${date.getUTCFullYear()}`
}

/**
 * A value as Java's `toString` shows it: `{a=1, b=2}` for maps, `[1, 2]` for lists, `Struct{a=1,b=2}` for structs
 * (null fields left out). Bytes are shown as the UTF-8 text they hold, where Java shows a memory address.
 */
export const javaText = (value: unknown, schema: Schema | null | undefined): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'number') {
    const float = schema?.type === 'FLOAT32'
    return float || schema?.type === 'FLOAT64' || !Number.isInteger(value) ? javaNumber(value, float) : String(value)
  }
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8')
  if (value instanceof Date) return javaDate(value)
  if (value instanceof Decimal) return javaDecimal(value)
  if (Array.isArray(value)) return `[${value.map(one => javaText(one, schema?.valueSchema)).join(', ')}]`
  if (value instanceof Map) {
    const entries = [...value].map(
      ([key, one]) => `${javaText(key, schema?.keySchema)}=${javaText(one, schema?.valueSchema)}`,
    )
    return `{${entries.join(', ')}}`
  }
  const members = value as Readonly<Record<string, unknown>>
  if (schema?.type === 'STRUCT') {
    const fields = schema.fields.filter(({ name }) => members[name] !== null && members[name] !== undefined)
    return `Struct{${fields.map(({ name, schema: own }) => `${name}=${javaText(members[name], own)}`).join(',')}}`
  }
  return `{${Object.entries(members)
    .map(([name, one]) => `${name}=${javaText(one, schema?.valueSchema)}`)
    .join(', ')}}`
}
