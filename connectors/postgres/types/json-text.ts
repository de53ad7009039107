import { base64Text, DATE, DataError, Decimal, doubleText, floatText, quoteJson, type Schema } from 'millrace'

// The JSON that Kafka Connect's JsonConverter writes for a payload, for the schemas that this connector makes.

/** The JSON of a value under its schema, nulls replaced by defaults. */
export const jsonText = (schema: Schema, value: unknown): string => {
  if (value === null || value === undefined) {
    const { default: standIn } = schema
    if (standIn !== undefined && standIn !== null) return jsonText(schema, standIn)
    if (schema.optional) return 'null'
    throw new DataError('A required field has no value and no default')
  }
  if (value instanceof Decimal) return base64Text(value.toBytes())
  if (value instanceof Date) return `${schema.name === DATE ? value.getTime() / 86_400_000 : value.getTime()}`
  switch (schema.type) {
    case 'STRING':
      return quoteJson(value as string)
    case 'FLOAT64':
      return doubleText(value as number)
    case 'FLOAT32':
      return floatText(value as number)
    case 'BYTES':
      return base64Text(value as Uint8Array)
    case 'ARRAY':
      return `[${(value as unknown[]).map(item => jsonText(schema.valueSchema!, item)).join()}]`
    case 'MAP':
      return `{${[...(value as Map<string, unknown>)]
        .map(([key, item]) => `${quoteJson(key)}:${jsonText(schema.valueSchema!, item)}`)
        .join()}}`
    case 'STRUCT': {
      const members = value as Readonly<Record<string, unknown>>
      return `{${schema.fields.map(({ name, schema: field }) => `${quoteJson(name)}:${jsonText(field, members[name])}`).join()}}`
    }
    default:
      return String(value)
  }
}
