import {
  base64Text,
  DATE,
  DataError,
  DECIMAL,
  Decimal,
  decimalText,
  doubleText,
  floatText,
  quoteJson,
  type Schema,
  TIME,
  TIMESTAMP,
} from 'millrace'

/**
 * JSON of values as Kafka's JsonConverter writes it without envelopes: structs in the order of their schema, nulls replaced
 * by defaults, bytes in base64, decimals by `json.decimal.format`. Golden: test/golden/converters/JsonConverter.write.json.
 */
export type JsonText = (value: unknown, schema: Schema | null) => string

export type DecimalFormat = 'BASE64' | 'NUMERIC'

const names = new Map<string, string>()

/** Names of members come again with every record. */
const quoteName = (name: string): string => {
  let quoted = names.get(name)
  if (quoted === undefined) {
    if (names.size >= 10_000) names.clear()
    quoted = `${quoteJson(name)}:`
    names.set(name, quoted)
  }
  return quoted
}

const kind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'object' ? (value?.constructor?.name ?? 'object') : typeof value
const wrong = (schema: Schema, value: unknown): never => {
  throw new DataError(`Invalid type for ${schema.name ?? schema.type}: ${kind(value)}`)
}

export const jsonText = (decimals: DecimalFormat): JsonText => {
  const decimal = (value: Decimal, schema: Schema): string => {
    if (decimals === 'NUMERIC') return decimalText(value)
    if (value.scale !== Number(schema.parameters?.['scale'])) {
      throw new DataError('Decimal value has mismatching scale for given Decimal schema')
    }
    return base64Text(value.toBytes())
  }

  const entries = (map: ReadonlyMap<unknown, unknown>, keys: Schema | null, values: Schema | null): string => {
    const asObject = keys === null ? [...map.keys()].every(key => typeof key === 'string') : keys.type === 'STRING'
    const parts: string[] = []
    for (const [key, value] of map) {
      if (asObject) parts.push(`${quoteJson(String(key))}:${write(value, values)}`)
      else parts.push(`[${write(key, keys)},${write(value, values)}]`)
    }
    return asObject ? `{${parts.join()}}` : `[${parts.join()}]`
  }

  const struct = (value: Readonly<Record<string, unknown>>, schema: Schema): string => {
    let out = '{'
    for (const { name, index, schema: own } of schema.fields) {
      out += (index === 0 ? '' : ',') + quoteName(name) + write(value[name], own)
    }
    return `${out}}`
  }

  const schemaless = (value: unknown): string => {
    switch (typeof value) {
      case 'string':
        return quoteJson(value)
      case 'number':
        return Number.isSafeInteger(value) ? String(value) : doubleText(value)
      case 'bigint':
      case 'boolean':
        return String(value)
    }
    if (value === null || value === undefined) return 'null'
    if (value instanceof Uint8Array) return base64Text(value)
    if (value instanceof Date) return String(value.getTime())
    if (value instanceof Decimal) return decimalText(value)
    if (value instanceof Map) return entries(value, null, null)
    if (Array.isArray(value)) return `[${value.map(schemaless).join()}]`
    if (typeof value !== 'object') throw new DataError(`A ${typeof value} cannot be written as JSON`)
    let out = '{'
    const members = value as Readonly<Record<string, unknown>>
    for (const name of Object.keys(members)) {
      out += (out.length > 1 ? ',' : '') + quoteName(name) + schemaless(members[name])
    }
    return `${out}}`
  }

  const logical = (value: unknown, schema: Schema): string | undefined => {
    if (schema.name === DECIMAL) return value instanceof Decimal ? decimal(value, schema) : wrong(schema, value)
    if (schema.name !== DATE && schema.name !== TIME && schema.name !== TIMESTAMP) return undefined
    if (!(value instanceof Date)) return wrong(schema, value)
    return String(schema.name === DATE ? Math.floor(value.getTime() / 86_400_000) : value.getTime())
  }

  const write = (given: unknown, schema: Schema | null): string => {
    if (schema === null) return schemaless(given)
    const value = given ?? schema.default ?? null
    if (value === null) {
      if (schema.optional) return 'null'
      throw new DataError('Conversion error: null value for field that is required and has no default value')
    }
    if (schema.name !== undefined) {
      const text = logical(value, schema)
      if (text !== undefined) return text
    }
    switch (schema.type) {
      case 'INT8':
      case 'INT16':
      case 'INT32':
      case 'INT64':
        return typeof value === 'bigint' || Number.isInteger(value) ? String(value) : wrong(schema, value)
      case 'FLOAT32':
      case 'FLOAT64':
        return typeof value === 'number'
          ? schema.type === 'FLOAT32'
            ? floatText(value)
            : doubleText(value)
          : wrong(schema, value)
      case 'BOOLEAN':
        return typeof value === 'boolean' ? String(value) : wrong(schema, value)
      case 'STRING':
        return typeof value === 'string' ? quoteJson(value) : wrong(schema, value)
      case 'BYTES':
        return value instanceof Uint8Array ? base64Text(value) : wrong(schema, value)
      case 'ARRAY':
        return Array.isArray(value)
          ? `[${value.map(one => write(one, schema.valueSchema ?? null)).join()}]`
          : wrong(schema, value)
      case 'MAP':
        return value instanceof Map
          ? entries(value, schema.keySchema ?? null, schema.valueSchema ?? null)
          : wrong(schema, value)
      case 'STRUCT':
        return typeof value === 'object' && !(value instanceof Map) && !Array.isArray(value)
          ? struct(value as Readonly<Record<string, unknown>>, schema)
          : wrong(schema, value)
    }
  }
  return write
}
