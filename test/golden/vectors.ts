import { Decimal, type Schema, type SchemaOptions, s } from '../../runtime/api/index.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Members = { readonly [key: string]: Json }

const special = (value: Json): number => (typeof value === 'string' ? Number(value) : (value as number))

/** A value of the captured vectors as one of our data model. */
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
      return new Map(
        (content as readonly (readonly [Json, Json])[]).map(([key, value]) => [valueOf(key), valueOf(value)]),
      )
    case 'struct':
      return Object.fromEntries(Object.entries(content as Members).map(([name, value]) => [name, valueOf(value)]))
    default:
      throw new Error(`The vectors have a value of an unknown kind: ${tag}`)
  }
}

/** A schema of the captured vectors. */
export const schemaOf = (json: Json): Schema | null => {
  if (json === null) return null
  const {
    type,
    optional,
    name,
    version,
    doc,
    parameters,
    default: standIn,
    fields,
    keySchema,
    valueSchema,
  } = json as Members
  const options: SchemaOptions = {
    optional: optional === true,
    ...(name !== undefined && { name: name as string }),
    ...(version !== undefined && { version: version as number }),
    ...(doc !== undefined && { doc: doc as string }),
    ...(parameters !== undefined && { parameters: parameters as Record<string, string> }),
    ...(standIn !== undefined && standIn !== null && { default: valueOf(standIn) }),
  }
  if (type === 'array') return s.array(schemaOf(valueSchema!), options)
  if (type === 'map') return s.map(schemaOf(keySchema!), schemaOf(valueSchema!), options)
  if (type === 'struct')
    return s.struct(
      (fields as unknown as { name: string; schema: Json }[]).map(
        field => [field.name, schemaOf(field.schema)!] as const,
      ),
      options,
    )
  return s[type as 'int8'](options)
}

const shown = (value: unknown): string =>
  value instanceof Map
    ? `Map${shown([...value])}`
    : (JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}n` : member)) ?? String(value))

/** Where a value of ours differs from a captured one; undefined when it does not. */
export const difference = (json: Json, actual: unknown, at = 'value'): string | undefined => {
  const differs = (): string => `${at}: expected ${JSON.stringify(json)}, got ${shown(actual)}`
  if (json === null || typeof json !== 'object') return (actual ?? null) === json ? undefined : differs()
  const [tag, content] = Object.entries(json as Members)[0]!
  switch (tag) {
    case 'array': {
      const items = content as readonly Json[]
      if (!Array.isArray(actual) || actual.length !== items.length) return differs()
      return first(items.map((item, index) => difference(item, actual[index], `${at}[${index}]`)))
    }
    case 'map':
      return mapDifference(json as Members, actual, at) ?? undefined
    case 'struct': {
      const members = content as Members
      if (typeof actual !== 'object' || actual === null || actual instanceof Map) return differs()
      const extra = Object.keys(actual).find(name => !Object.hasOwn(members, name))
      if (extra !== undefined) return `${at}: has a member ${extra} too many`
      return first(
        Object.entries(members).map(([name, member]) =>
          difference(member, (actual as Record<string, unknown>)[name], `${at}.${name}`),
        ),
      )
    }
    case 'bytes':
    case 'byteBuffer':
      return actual instanceof Uint8Array && Buffer.from(actual).toString('base64') === content ? undefined : differs()
    case 'instant':
      // Without a schema a timestamp is a number in either form.
      return (actual instanceof Date ? actual.getTime() : actual) === content ? undefined : differs()
    case 'decimal': {
      const { unscaled, scale } = content as { unscaled: string; scale: number }
      const same = actual instanceof Decimal && actual.unscaled === BigInt(unscaled) && actual.scale === scale
      return same ? undefined : differs()
    }
    case 'float32':
    case 'float64':
      return Object.is(valueOf(json), actual) ? undefined : differs()
    default:
      return valueOf(json) === actual ? undefined : differs()
  }
}

const first = (differences: readonly (string | undefined)[]): string | undefined =>
  differences.find(one => one !== undefined)

/** A plain object stands for a map with text keys, as schemaless JSON gives it. */
const mapDifference = (json: Members, actual: unknown, at: string): string | undefined => {
  const expected = json['map'] as readonly (readonly [Json, Json])[]
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return `${at}: ${shown(actual)} is no map`
  const entries: [unknown, unknown][] = actual instanceof Map ? [...actual] : Object.entries(actual)
  if (entries.length !== expected.length) return `${at}: expected ${expected.length} entries, got ${shown(actual)}`
  return first(
    expected.map(([key, value], index) => {
      const found =
        json['unordered'] === true ? entries.find(([own]) => difference(key, own) === undefined) : entries[index]
      if (found === undefined) return `${at}: no entry ${JSON.stringify(key)}`
      return difference(key, found[0], `${at} key`) ?? difference(value, found[1], `${at}{${JSON.stringify(key)}}`)
    }),
  )
}
