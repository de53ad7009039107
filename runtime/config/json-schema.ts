import type { ConfigField, ConfigSpec } from '../api/config.ts'

type Json = Readonly<Record<string, unknown>>

// Values may be JSON or text, as Kafka Connect takes them; text may also be a config provider's variable.
const variable: Json = { type: 'string', pattern: '\\$\\{[^}]*\\}' }

const textOf = (field: ConfigField<unknown>): Json => {
  const { values, ignoreCase, nonEmpty } = field.options
  switch (field.type) {
    case 'BOOLEAN':
      return {
        anyOf: [
          { type: 'boolean' },
          { type: 'string', pattern: '^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\\s*$' },
          variable,
        ],
      }
    case 'INT':
    case 'SHORT':
    case 'LONG': {
      const { min, max } = field.options
      return {
        anyOf: [
          { type: 'integer', ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) },
          { type: 'string', pattern: '^\\s*[+-]?\\d+\\s*$' },
          variable,
        ],
      }
    }
    case 'DOUBLE':
      return {
        anyOf: [
          { type: 'number' },
          { type: 'string', pattern: '^\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?\\s*$' },
          variable,
        ],
      }
    case 'STRING':
      // An editor completes an enum; one that ignores case also takes other spellings.
      if (values !== undefined)
        return { anyOf: [{ enum: values }, ...(ignoreCase ? [{ type: 'string' }] : [variable])] }
      return { type: 'string', ...(nonEmpty && { minLength: 1 }) }
    case 'LIST':
    case 'CLASS':
      return { type: 'string' }
    case 'PASSWORD':
      return { type: 'string', writeOnly: true }
  }
}

/**
 * The JSON Schema (2020-12) of a connector's configuration object, for editors: names, documentation, defaults, allowed
 * values. Looser than validation where only the worker can know (variables, lists, classes).
 */
export const jsonSchemaOf = (title: string, spec: ConfigSpec): Json => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title,
  type: 'object',
  required: Object.entries(spec)
    .filter(([, { options }]) => options.default === undefined && options.optional !== true)
    .map(([key]) => key),
  properties: Object.fromEntries(
    Object.entries(spec).map(([key, field]) => [
      key,
      {
        ...textOf(field),
        description: field.doc,
        ...(field.options.default !== undefined && field.type !== 'PASSWORD' && { default: field.options.default }),
      },
    ]),
  ),
  // A connector takes any key; unknown ones are reported, not refused.
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
})
