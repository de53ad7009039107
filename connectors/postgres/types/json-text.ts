import { DATE, DataError, Decimal, type Schema } from 'millrace'

// The JSON that Kafka Connect's JsonConverter writes for a payload, for the schemas that this connector makes.

const special = /[\ud800-\udfff]|[\x00-\x1f]/

const unit = (code: number): string => `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`

/** A JSON string as Jackson writes it to bytes: upper case hexadecimal escapes, characters beyond U+FFFF as two of them. `inText`: as it writes to text, which keeps those characters. */
export const quoted = (text: string, inText = false): string => {
  const simple = JSON.stringify(text)
  if (!special.test(text)) return simple
  let out = '"'
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22 || code === 0x5c) out += `\\${text[index]}`
    else if (code < 0x20) out += shortEscapes[code] ?? unit(code)
    else if (!inText && code >= 0xd800 && code <= 0xdfff) out += unit(code)
    else out += text[index]
  }
  return `${out}"`
}

const shortEscapes: Readonly<Record<number, string>> = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r' }

/** Digits and exponent as Java's Double.toString lays them out. */
const javaLayout = (shortest: string): string => {
  if (shortest === '5e-324' || shortest === '-5e-324') return shortest.replace('5e', '4.9E')
  const [, sign = '', first = '', rest = '', power = '0'] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(shortest) ?? []
  const digits = first + rest
  const exponent = Number(power)
  if (exponent >= 7 || exponent < -3) return `${sign}${first}.${rest || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return `${sign}${digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')}.${digits.slice(exponent + 1) || '0'}`
}

const odd = (value: number): string | undefined => {
  if (!Number.isFinite(value)) return `"${value}"`
  return value === 0 ? (Object.is(value, -0) ? '-0.0' : '0.0') : undefined
}

export const doubleText = (value: number): string => odd(value) ?? javaLayout(value.toExponential())

/** The fewest digits that give the same 32 bit value. */
export const floatText = (value: number): string => {
  const known = odd(value)
  if (known !== undefined) return known
  const single = Math.fround(value)
  for (let digits = 0; digits < 9; digits++) {
    const text = single.toExponential(digits)
    if (Math.fround(Number(text)) === single) return javaLayout(text.replace(/\.?0+e/, 'e'))
  }
  return javaLayout(single.toExponential())
}

const base64 = (bytes: Uint8Array): string =>
  `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`

/** The JSON of a value under its schema, nulls replaced by defaults. */
export const jsonText = (schema: Schema, value: unknown): string => {
  if (value === null || value === undefined) {
    const { default: standIn } = schema
    if (standIn !== undefined && standIn !== null) return jsonText(schema, standIn)
    if (schema.optional) return 'null'
    throw new DataError('A required field has no value and no default')
  }
  if (value instanceof Decimal) return base64(value.toBytes())
  if (value instanceof Date) return `${schema.name === DATE ? value.getTime() / 86_400_000 : value.getTime()}`
  switch (schema.type) {
    case 'STRING':
      return quoted(value as string)
    case 'FLOAT64':
      return doubleText(value as number)
    case 'FLOAT32':
      return floatText(value as number)
    case 'BYTES':
      return base64(value as Uint8Array)
    case 'ARRAY':
      return `[${(value as unknown[]).map(item => jsonText(schema.valueSchema!, item)).join()}]`
    case 'MAP':
      return `{${[...(value as Map<string, unknown>)]
        .map(([key, item]) => `${quoted(key)}:${jsonText(schema.valueSchema!, item)}`)
        .join()}}`
    case 'STRUCT': {
      const members = value as Readonly<Record<string, unknown>>
      return `{${schema.fields.map(({ name, schema: field }) => `${quoted(name)}:${jsonText(field, members[name])}`).join()}}`
    }
    default:
      return String(value)
  }
}
