import { c, DataError, Decimal, defineTransform, javaClass, type Schema, s, setMember } from 'millrace'
import { noValues, perSchema, requireMap, requireStruct, sideOf, structCopier, withSide } from './sides.ts'

const purpose = 'mask fields'
const widths = { INT8: 8, INT16: 16, INT32: 32, INT64: 64 } as const

/** What a value is hidden behind when nothing else is asked for: the empty or zero value of its type. */
const blank = (value: unknown, schema: Schema | null): unknown => {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 0
    case 'boolean':
      return false
    case 'string':
      return ''
  }
  if (value instanceof Date) return new Date(0)
  if (value instanceof Decimal) return new Decimal(0n, 0)
  if (Array.isArray(value)) return []
  if (value instanceof Map) return new Map()
  if (schema?.type !== 'STRUCT' && !(value instanceof Uint8Array)) return {}
  throw new DataError(`Cannot mask value of type: class ${javaClass(value, schema)}`)
}

const notNumeric = (text: string): DataError =>
  new DataError(`Unable to convert ${text} (class java.lang.String) to a number`)

const decimalOf = (text: string): Decimal => {
  try {
    return Decimal.parse(text)
  } catch {
    throw notNumeric(text)
  }
}

/** The whole part in as many bits as the type has; the rest is cut off, as Java does. */
const wholeOf = (text: string, bits: number): number | bigint => {
  const { unscaled, scale } = decimalOf(text)
  if (Math.abs(scale) > 1000) throw notNumeric(text)
  const whole = scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale)
  const cut = BigInt.asIntN(bits, whole)
  return Number.isSafeInteger(Number(cut)) ? Number(cut) : cut
}

/** A replacement as a value of the same type. */
const replaced = (value: unknown, schema: Schema | null, text: string): unknown => {
  if (typeof value === 'string') return text
  if (typeof value === 'bigint') return wholeOf(text, schema === null ? 4096 : 64)
  if (value instanceof Decimal) return decimalOf(text)
  if (typeof value === 'number') {
    const type = schema?.type
    if (type === 'FLOAT32') return Math.fround(Number(String(decimalOf(text))))
    if (type === 'FLOAT64') return Number(String(decimalOf(text)))
    if (type !== undefined && type in widths) return wholeOf(text, widths[type as keyof typeof widths])
    return Number.isInteger(value) ? wholeOf(text, 64) : Number(String(decimalOf(text)))
  }
  throw new DataError(`Cannot mask value of type class ${javaClass(value, schema)} with custom replacement.`)
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.MaskField',
  version: '4.3.0',
  doc: 'Hides fields behind the empty or zero value of their type, or behind a replacement for text and numbers.',
  config: {
    fields: c.list('Names of fields to mask.', { importance: 'HIGH', nonEmpty: true }),
    replacement: c.string(
      'Custom value replacement, that will be applied to all fields (numeric or non-empty string values only).',
      { optional: true, importance: 'LOW', nonEmpty: true },
    ),
    'replace.null.with.default': c.boolean(
      'Whether to replace fields that have a default value and that are null to the default value.',
      { default: true, importance: 'MEDIUM' },
    ),
  },
  sides: ['Key', 'Value'],
  examples: [
    {
      title: 'hides fields',
      config: { fields: 'card,amount' },
      input: { value: { id: 1, card: '4111', amount: 12.5 } },
      output: { value: { id: 1, card: '', amount: 0 } },
    },
    {
      title: 'puts something in their place',
      config: { fields: 'card', replacement: '****' },
      input: { valueSchema: s.struct({ card: s.string() }), value: { card: '4111' } },
      output: { value: { card: '****' } },
    },
    {
      title: 'refuses tombstones',
      config: { fields: 'card' },
      input: { value: null },
      throws: 'Only Map objects supported',
    },
  ],
  create({ fields, replacement, replaceNullWithDefault }, side) {
    const masked = new Set(fields)
    const mask = (value: unknown, schema: Schema | null): unknown => {
      if (value === null || value === undefined) return null
      return replacement === undefined ? blank(value, schema) : replaced(value, schema, replacement)
    }
    const copier = perSchema(schema => ({
      copy: structCopier(schema.fields, replaceNullWithDefault),
      hidden: schema.fields.filter(({ name }) => masked.has(name)),
    }))
    return {
      apply(record) {
        const { schema, value } = sideOf(record, side)
        if (schema === null) {
          const map = requireMap(value, purpose)
          const copy: Record<string, unknown> = { ...map }
          for (const name of fields) setMember(copy, name, mask(Object.hasOwn(map, name) ? map[name] : null, null))
          return withSide(record, side, null, copy)
        }
        const struct = requireStruct(schema, value, purpose)
        const { copy, hidden } = copier(schema)
        const masking = copy(struct, noValues)
        for (const { name, schema: own } of hidden) setMember(masking, name, mask(masking[name], own))
        return withSide(record, side, schema, masking)
      },
    }
  },
})
