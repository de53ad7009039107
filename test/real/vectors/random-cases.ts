import { readdirSync } from 'node:fs'
import { type Case, loadCases } from '../../golden/vector-cases.ts'
import type { Json } from '../../golden/vectors.ts'

type Members = { readonly [key: string]: Json }
export type Random = (below: number) => number
/** A case whose result is not known yet. */
export type Question = Omit<Case, 'result'>

const golden = new URL('../../golden/', import.meta.url)

const captured: readonly Case[] = ['smt', 'converters'].flatMap(folder =>
  readdirSync(new URL(folder, golden))
    .filter(file => file.endsWith('.json'))
    .flatMap(file => loadCases(new URL(`${folder}/${file}`, golden))),
)

/** mulberry32: the same numbers for the same seed, everywhere. */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const scalarTags: ReadonlySet<string> = new Set([
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'bytes',
  'byteBuffer',
  'decimal',
  'bigint',
  'instant',
])

const tagOf = (value: Json): string | undefined => {
  if (value === null) return undefined
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return undefined
  const [tag] = Object.keys(value)
  return tag !== undefined && scalarTags.has(tag) ? tag : undefined
}

/** Every scalar that was captured anywhere, by its kind. */
const scalars = new Map<string, Json[]>()
const collect = (value: Json | undefined): void => {
  if (value === undefined || value === null || typeof value === 'number') return
  const tag = tagOf(value)
  if (tag !== undefined) {
    const known = scalars.get(tag)
    if (known === undefined) scalars.set(tag, [value])
    else known.push(value)
  } else if (Array.isArray(value)) value.forEach(collect)
  else if (typeof value === 'object') Object.values(value).forEach(collect)
}
for (const { value, record } of captured) {
  collect(value)
  collect(record?.value)
}

const anyOf = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** The same value, one of its scalars in three another one of the same kind. */
const varied = (random: Random, value: Json): Json => {
  const tag = tagOf(value)
  if (tag !== undefined) return random(3) === 0 ? anyOf(random, scalars.get(tag) ?? [value]) : value
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map(item => varied(random, item))
  const [kind] = Object.keys(value)
  const content = (value as Members)[kind!]!
  if (kind === 'array' || kind === 'set') return { ...value, [kind]: varied(random, content) }
  if (kind === 'map')
    return {
      ...value,
      map: (content as readonly (readonly [Json, Json])[]).map(([key, one]) => [key, varied(random, one)]),
    }
  if (kind === 'struct') {
    const members = Object.entries(content as Members).map(([name, one]) => [name, varied(random, one)] as const)
    return { ...value, struct: Object.fromEntries(members) }
  }
  return value
}

const int32Max = 2 ** 31 - 1

/** A number as JavaScript tells it apart: without a schema, integers are as narrow as Integer or Long, and a fraction is a Double. */
const plainNumber = (tag: string, content: Json): Json => {
  const number = Number(content)
  if (tag === 'float32' || tag === 'float64' || tag === 'bigint') {
    // An integral one would be told for an integer.
    const fraction = Number.isFinite(number) && !Number.isInteger(number) ? number : 0.5
    return { float64: fraction }
  }
  return Math.abs(number) <= int32Max ? { int32: number } : { int64: String(content) }
}

const integerTags: ReadonlySet<string> = new Set(['int8', 'int16', 'int32', 'int64'])
const numberTags: ReadonlySet<string> = new Set([...integerTags, 'float32', 'float64', 'bigint'])

const wrapped = (tag: string, content: Json): Json => {
  const whole = BigInt(Math.trunc(Number.isFinite(Number(content)) ? Number(content) : 0))
  if (tag === 'int64')
    return {
      int64: typeof content === 'string' && /^-?\d+$/.test(content) ? content : String(BigInt.asIntN(64, whole)),
    }
  return { [tag]: Number(BigInt.asIntN(Number(tag.slice(3)), whole)) }
}

/**
 * The value with the classes that its schema asks for; without one, with those that JavaScript can tell apart. What a value is
 * cannot be told from how it is carried here: every such difference is one of test/golden/deviations.ts already.
 */
export const canonical = (value: Json, schema: Json): Json => {
  if (value === null || typeof value !== 'object' || isList(value)) return value
  const [tag] = Object.keys(value)
  const content = (value as Members)[tag!]!
  const of = schema as Members | null
  const type = of?.['type']
  if (tag === 'byteBuffer') return { bytes: content }
  if (numberTags.has(tag!)) {
    if (type === undefined) return plainNumber(tag!, content)
    if (integerTags.has(type as string)) return wrapped(type as string, content)
    if (type === 'float32' || type === 'float64')
      return { [type]: typeof content === 'string' && tag === 'int64' ? Number(content) : content }
    return plainNumber(tag!, content)
  }
  const inner = (name: string): Json => (of === null ? null : (of[name] ?? null))
  if (tag === 'array' || tag === 'set')
    return { array: (content as readonly Json[]).map(item => canonical(item, inner('valueSchema'))) }
  if (tag === 'map')
    return {
      map: (content as readonly (readonly [Json, Json])[]).map(([key, one]) => [
        canonical(key, inner('keySchema')),
        canonical(one, inner('valueSchema')),
      ]),
    }
  if (tag === 'struct') {
    const own = ((value as Members)['schema'] ?? schema) as Members | null
    const fields = (own?.['fields'] ?? []) as readonly { readonly name: string; readonly schema: Json }[]
    const members = Object.entries(content as Members).map(
      ([name, one]) => [name, canonical(one, fields.find(field => field.name === name)?.schema ?? null)] as const,
    )
    return { ...(value as Members), struct: Object.fromEntries(members) }
  }
  return value
}

const ofOp = (op: string): readonly Case[] => captured.filter(one => one.op === op)
const pools = new Map(
  ['transform', 'predicate', 'fromConnect', 'toConnect', 'fromHeader', 'toHeader', 'convertTo', 'project'].map(
    op => [op, ofOp(op)] as const,
  ),
)

const sameClass = new Map<string, Case[]>()
for (const one of captured) {
  const key = `${one.op} ${one.class}`
  const known = sameClass.get(key)
  if (known === undefined) sameClass.set(key, [one])
  else known.push(one)
}

/** Another case of the same operation, mostly of the same class. */
const other = (random: Random, one: Case): Case =>
  random(5) === 0 ? anyOf(random, pools.get(one.op)!) : anyOf(random, sameClass.get(`${one.op} ${one.class}`)!)

/** The parts of captured cases put together anew: a configuration of one, what goes in of another, scalars of a third. */
export const randomQuestion = (random: Random): Question => {
  const one = anyOf(random, random(3) > 0 ? pools.get('transform')! : [...pools.values()][random(pools.size)]!)
  const donor = other(random, one)
  const { result: _, ...question } = one
  const name = `${one.name} with ${donor.name}`
  switch (one.op) {
    case 'transform':
    case 'predicate': {
      const record = donor.record!
      const value = random(25) === 0 ? null : varied(random, record.value)
      return {
        ...question,
        name,
        record: {
          ...record,
          key: canonical(varied(random, record.key), record.keySchema),
          value: canonical(value, record.valueSchema),
          headers: record.headers.map(header => ({ ...header, value: canonical(header.value, header.schema) })),
        },
      }
    }
    case 'fromConnect':
    case 'fromHeader':
      return { ...question, name, schema: donor.schema!, value: canonical(varied(random, donor.value!), donor.schema!) }
    case 'convertTo':
      return { ...question, name, schema: donor.schema!, value: canonical(varied(random, donor.value!), donor.schema!) }
    case 'toConnect':
    case 'toHeader':
      return { ...question, name, bytes: donor.bytes! }
    default:
      return {
        ...question,
        name,
        value: canonical(varied(random, one.value!), one.sourceSchema!),
        targetSchema: donor.targetSchema!,
      }
  }
}
