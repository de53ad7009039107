import { describe, expect, it } from 'vitest'
import { apis } from '../../../runtime/protocol/apis.ts'
import { consumerAssignment, consumerSubscription } from '../../../runtime/protocol/consumer-protocol.ts'
import { ZERO_UUID } from '../../../runtime/protocol/primitives.ts'
import type { Field, FieldType, Struct, VersionRange } from '../../../runtime/protocol/schema.ts'
import { type PublishedField, type PublishedMessage, publishedDefinitions } from './published-definitions.ts'

const published = publishedDefinitions()

/** One line per fact, so that a difference shows where it is. */
type Facts = Record<string, string>

/** The versions both sides describe; ranges are compared within it only. */
const within = (range: VersionRange, bounds: VersionRange): string => {
  const min = Math.max(range.min, bounds.min)
  const max = Math.min(range.max, bounds.max)
  return min > max ? 'none' : `${min}-${max}`
}

const parse = (text: string | undefined): VersionRange => {
  if (text === undefined || text === 'none') return { min: 1, max: 0 }
  const [min, max] = text.endsWith('+') ? [text.slice(0, -1), 'Infinity'] : text.split('-')
  return { min: Number(min), max: Number(max ?? min) }
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

const typeName = (type: FieldType): string => {
  if (type.kind === 'array') return `[]${typeName(type.element)}`
  if (type.kind === 'struct') return 'struct'
  // A number does not hold the largest values of these.
  return type.name === 'bigint64' ? 'int64' : type.name === 'boolean' ? 'bool' : type.name
}

const innerStruct = (type: FieldType): Struct | undefined =>
  type.kind === 'array' ? innerStruct(type.element) : type.kind === 'struct' ? type.struct : undefined

const describeOurs = (struct: Struct, bounds: VersionRange, path = ''): Facts => {
  const facts: Facts = {}
  for (const [name, field] of Object.entries(struct.fields) as [string, Field][]) {
    const versions = within(field.versions, bounds)
    if (versions === 'none') continue
    const place = `${path}.${name}`
    const inner = innerStruct(field.type)
    facts[place] = [
      typeName(field.type),
      `versions ${versions}`,
      `nullable ${within(intersection(field.nullable, field.versions), bounds)}`,
      `tag ${field.tag} ${within(field.tagged, bounds)}`,
      `default ${defaultText(field.type, field.initial)}`,
      field.ignorable ? 'ignorable' : 'kept',
    ].join(', ')
    if (inner !== undefined) Object.assign(facts, describeOurs(inner, bounds, place))
  }
  return facts
}

const intersection = (a: VersionRange, b: VersionRange): VersionRange => ({
  min: Math.max(a.min, b.min),
  max: Math.min(a.max, b.max),
})

const defaultText = (type: FieldType, initial: unknown): string => {
  if (initial === undefined || initial instanceof Uint8Array) return 'empty'
  if (type.kind === 'scalar' && type.name === 'records') return 'null'
  return String(initial)
}

const describeTheirs = (
  message: PublishedMessage,
  fields: readonly PublishedField[],
  bounds: VersionRange,
  path = '',
): Facts => {
  const facts: Facts = {}
  for (const field of fields) {
    const versions = within(parse(field.versions), bounds)
    if (versions === 'none') continue
    const place = `${path}.${lowerFirst(field.name)}`
    const element = field.type.replace('[]', '')
    const scalar = /^(bool|u?int\d+|float64|string|uuid|bytes|records)$/.test(element)
    facts[place] = [
      scalar ? field.type : field.type.startsWith('[]') ? '[]struct' : 'struct',
      `versions ${versions}`,
      `nullable ${within(intersection(parse(field.nullableVersions), parse(field.versions)), bounds)}`,
      `tag ${field.tag ?? -1} ${within(parse(field.taggedVersions), bounds)}`,
      `default ${publishedDefault(field, scalar)}`,
      field.ignorable ? 'ignorable' : 'kept',
    ].join(', ')
    if (scalar) continue
    const inner = field.fields ?? message.commonStructs?.find(({ name }) => name === element)?.fields
    if (inner === undefined) throw new Error(`${message.name}: no struct ${element}`)
    Object.assign(facts, describeTheirs(message, inner, bounds, place))
  }
  return facts
}

const publishedDefault = (field: PublishedField, scalar: boolean): string => {
  if (field.default !== undefined) {
    const text = String(field.default)
    return /^-?(0x[\da-f]+|\d+)$/i.test(text) ? String(text.startsWith('0x') ? Number(text) : BigInt(text)) : text
  }
  if (!scalar || field.type.startsWith('[]') || field.type === 'bytes') return 'empty'
  if (field.type === 'string') return ''
  if (field.type === 'uuid') return ZERO_UUID
  return field.type === 'bool' ? 'false' : field.type === 'records' ? 'null' : '0'
}

describe.each([...apis.values()])("$name is what Apache Kafka's definitions say", api => {
  const request = published.get(`${api.name}Request`)!
  const response = published.get(`${api.name}Response`)!
  const valid = parse(request.validVersions)
  const ours = { min: api.versions[0], max: api.versions[1] }
  const bounds = intersection(valid, ours)

  it('key, versions and flexible versions', () => {
    expect(request.apiKey).toBe(api.key)
    expect(ours.min).toBeLessThanOrEqual(valid.min)
    expect(ours.max).toBe(request.latestVersionUnstable ? valid.max - 1 : valid.max)
    expect(within(parse(request.flexibleVersions), bounds)).toBe(
      within({ min: api.flexible ?? Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY }, bounds),
    )
    expect(response.flexibleVersions).toBe(request.flexibleVersions)
  })

  it.each([
    ['request', api.request, request],
    ['response', api.response, response],
  ] as const)('%s, in order', (_side, struct, message) => {
    const facts = describeOurs(struct, bounds)
    const theirs = describeTheirs(message, message.fields, bounds)
    expect(facts).toEqual(theirs)
    // Order on the wire is the order of the fields.
    expect(Object.keys(facts)).toEqual(Object.keys(theirs))
  })
})

describe('the consumer protocol', () => {
  it.each([
    ['ConsumerProtocolSubscription', consumerSubscription],
    ['ConsumerProtocolAssignment', consumerAssignment],
  ] as const)('%s', (name, struct) => {
    const message = published.get(name)!
    const bounds = parse(message.validVersions)
    expect(bounds).toEqual({ min: 0, max: 3 })
    expect(describeOurs(struct, bounds)).toEqual(describeTheirs(message, message.fields, bounds))
  })
})
