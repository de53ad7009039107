import { DataError } from './errors.ts'
import type { Schema } from './schema.ts'
import { schemaText } from './value-conversions.ts'

// Source of the rules: Kafka Connect's SchemaProjector (golden: test/golden/converters/SchemaProjector.json).

/** A number may become one of a type further to the right. */
const promotions: readonly string[] = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64']

const isPromotable = (source: string, target: string): boolean => {
  const from = promotions.indexOf(source)
  return from >= 0 && from <= promotions.indexOf(target)
}

const parametersText = (schema: Schema): string =>
  schema.parameters === undefined
    ? 'null'
    : `{${Object.entries(schema.parameters)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ')}}`

const sameParameters = (source: Schema, target: Schema): boolean => {
  const sorted = (schema: Schema): string => JSON.stringify(Object.entries(schema.parameters ?? {}).toSorted())
  return sorted(source) === sorted(target)
}

const check = (source: Schema, target: Schema): void => {
  if (source.type !== target.type && !isPromotable(source.type, target.type))
    throw new DataError(`Schema type mismatch. source type: ${source.type} and target type: ${target.type}`)
  if (source.name !== target.name)
    throw new DataError(
      `Schema name mismatch. source name: ${source.name ?? null} and target name: ${target.name ?? null}`,
    )
  if (!sameParameters(source, target))
    throw new DataError(
      `Schema parameters not equal. source parameters: ${parametersText(source)} and target parameters: ${parametersText(target)}`,
    )
}

const projectStruct = (source: Schema, value: unknown, target: Schema): Record<string, unknown> => {
  const members = value as Readonly<Record<string, unknown>>
  const projected: Record<string, unknown> = Object.create(null)
  for (const { name, schema } of target.fields) {
    const own = source.field(name)
    if (own === undefined) {
      if (schema.optional) projected[name] = null
      else if (schema.default !== undefined) projected[name] = schema.default
      else throw new DataError(`Required field \`${name}\` is missing from source schema: ${schemaText(source)}`)
      continue
    }
    try {
      const member = Object.hasOwn(members, name) ? (members[name] ?? null) : null
      projected[name] = projectValue(own.schema, member ?? own.schema.default ?? null, schema)
    } catch (cause) {
      throw new DataError(`Error projecting ${name}`, { cause })
    }
  }
  return { ...projected }
}

const projectRequired = (source: Schema, value: unknown, target: Schema): unknown => {
  switch (target.type) {
    case 'STRUCT':
      return projectStruct(source, value, target)
    case 'ARRAY':
      return (value as readonly unknown[]).map(item => projectValue(source.valueSchema!, item, target.valueSchema!))
    case 'MAP':
      return new Map(
        Array.from(value as ReadonlyMap<unknown, unknown>, ([key, member]) => [
          projectValue(source.keySchema!, key, target.keySchema!),
          projectValue(source.valueSchema!, member, target.valueSchema!),
        ]),
      )
    case 'FLOAT32':
      return source.type === 'FLOAT32' ? value : Math.fround(Number(value))
    case 'FLOAT64':
      return Number(value)
    default:
      return value
  }
}

/**
 * A value of one version of a schema as one of another: fields that the target lacks are left out, new ones get null or their default,
 * numbers are widened. Throws DataError where that cannot be done.
 */
export const projectValue = (source: Schema, value: unknown, target: Schema): unknown => {
  check(source, target)
  if (source.optional && !target.optional) {
    if (target.default === undefined)
      throw new DataError('Writer schema is optional, however, target schema does not provide a default value.')
    return value === null ? target.default : projectRequired(source, value, target)
  }
  return value === null ? null : projectRequired(source, value, target)
}
