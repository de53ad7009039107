import { Decimal, type Schema, type SchemaOptions, s } from '../../runtime/api/index.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Members = { readonly [key: string]: Json }

const special = (value: Json): number => (typeof value === 'string' ? Number(value) : (value as number))

/** A value of the captured vectors as one of our data model; undefined members mean what JavaScript has no form for. */
export const valueOf = (json: Json): unknown => {
  if (json === null || typeof json !== 'object') return json
  const [tag, content] = Object.entries(json as Members)[0]!
  switch (tag) {
    case 'int8':
    case 'int16':
    case 'int32':
      return content
    case 'int64':
    case 'bigint': {
      const big = BigInt(content as string)
      return Number.isSafeInteger(Number(big)) ? Number(big) : big
    }
    case 'float32':
      return Math.fround(special(content))
    case 'float64':
      return special(content)
    case 'bytes':
    case 'byteBuffer':
      return Buffer.from(content as string, 'base64')
    case 'decimal': {
      const { unscaled, scale } = content as { unscaled: string; scale: number }
      return new Decimal(BigInt(unscaled), scale)
    }
    case 'instant':
      return new Date(content as number)
    case 'array':
    case 'set':
      return (content as readonly Json[]).map(valueOf)
    case 'map':
      return new Map((content as readonly (readonly [Json, Json])[]).map(([key, value]) => [valueOf(key), valueOf(value)]))
    case 'struct':
      return Object.fromEntries(Object.entries(content as Members).map(([name, value]) => [name, valueOf(value)]))
    default:
      throw new Error(`The vectors have a value of an unknown kind: ${tag}`)
  }
}

/** A schema of the captured vectors. */
export const schemaOf = (json: Json): Schema | null => {
  if (json === null) return null
  const { type, optional, name, version, doc, parameters, default: standIn, fields, keySchema, valueSchema } = json as Members
  const options: SchemaOptions = {
    optional: optional === true,
    ...(name !== undefined && { name: name as string }),
    ...(version !== undefined && { version: version as number }),
    ...(doc !== undefined && { doc: doc as string }),
    ...(parameters !== undefined && { parameters: parameters as Record<string, string> }),
    ...(standIn !== undefined && standIn !== null && { default: valueOf(standIn) }),
  }
  if (type === 'array') return s.array(schemaOf(valueSchema!)!, options)
  if (type === 'map') return s.map(schemaOf(keySchema!)!, schemaOf(valueSchema!)!, options)
  if (type === 'struct') return s.struct((fields as unknown as { name: string; schema: Json }[]).map(field => [field.name, schemaOf(field.schema)!] as const), options)
  return s[type as 'int8'](options)
}
