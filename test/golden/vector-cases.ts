import { readFileSync } from 'node:fs'
import {
  ByteWriter,
  ConfigError,
  ConnectError,
  type ConnectRecord,
  type Converter,
  type ConverterDefinition,
  convertValue,
  dateSchema,
  decimalSchema,
  type HeaderConverter,
  inferSchema,
  isConfigError,
  isDataError,
  type PredicateDefinition,
  projectValue,
  resolveLazy,
  type Schema,
  type SchemaAndValue,
  type Side,
  s,
  timeSchema,
  timestampSchema,
  type TransformDefinition,
} from '../../runtime/api/index.ts'
import { parseOrThrow } from '../../runtime/config/parse.ts'
import { parseText } from '../../runtime/api/parse-text.ts'
import { type ChainPlugins, createChain } from '../../runtime/pipeline/transform-chain.ts'
import { checkChain, type ConfigCase, configDifference, registry } from './config-cases.ts'
import { difference, type Json, schemaOf, valueOf } from './vectors.ts'

interface CaseRecord {
  readonly kind: 'sink' | 'source'
  readonly topic: string
  readonly partition: number | null
  readonly offset?: number
  readonly timestamp: number | null
  readonly keySchema: Json
  readonly key: Json
  readonly valueSchema: Json
  readonly value: Json
  readonly headers: readonly { readonly name: string; readonly schema: Json; readonly value: Json }[]
  readonly sourcePartition?: Json
  readonly sourceOffset?: Json
}

type CaseBytes = null | { readonly utf8: string } | { readonly hex: string }

interface CaseResult {
  readonly record?: CaseRecord
  readonly dropped?: true
  readonly test?: boolean
  readonly bytes?: CaseBytes
  readonly schema?: Json
  readonly value?: Json
  readonly returnedNull?: true
  readonly error?: { readonly class: string; readonly message: string | null; readonly phase: string }
}

export interface Case {
  readonly name: string
  readonly op: string
  readonly class?: string
  readonly isKey?: boolean
  readonly config: Readonly<Record<string, string | null>>
  readonly topic?: string
  readonly text?: string | null
  readonly target?: string
  readonly scale?: number
  readonly bytes?: CaseBytes
  readonly schema?: Json
  readonly value?: Json
  readonly sourceSchema?: Json
  readonly targetSchema?: Json
  readonly record?: CaseRecord
  readonly result: CaseResult
}

/** The cases of one captured file. */
export const loadCases = (url: URL): readonly Case[] => JSON.parse(readFileSync(url, 'utf8')) as Case[]

const load = async <D>(className: string): Promise<D> => {
  const known = registry.lookup(className)
  if (known === undefined) throw new ConfigError(`Class ${className} could not be found.`)
  return ((await import(known.location.url)) as { default: D }).default
}

const sideIn = (className: string): Side => (className.endsWith('$Key') ? 'Key' : 'Value')

const bytesOf = (bytes: CaseBytes): Buffer | null =>
  bytes === null ? null : 'utf8' in bytes ? Buffer.from(bytes.utf8) : Buffer.from(bytes.hex, 'hex')

const recordOf = (record: CaseRecord): ConnectRecord => ({
  topic: record.topic,
  partition: record.partition,
  // What only one kind of record has must come out of a transform as it went in.
  ...(record.kind === 'sink'
    ? { offset: record.offset! }
    : { sourcePartition: valueOf(record.sourcePartition!), sourceOffset: valueOf(record.sourceOffset!) }),
  keySchema: schemaOf(record.keySchema),
  key: valueOf(record.key),
  valueSchema: schemaOf(record.valueSchema),
  value: valueOf(record.value),
  timestamp: record.timestamp,
  headers: record.headers.map(({ name, schema, value }) => ({
    key: name,
    schema: schemaOf(schema),
    value: valueOf(value),
  })),
})

const given = (config: Case['config']): Record<string, string> =>
  Object.fromEntries(Object.entries(config).flatMap(([key, value]) => (value === null ? [] : [[key, value]])))

const converterOf = async ({ class: className, config, isKey, op }: Case): Promise<Converter & HeaderConverter> => {
  const definition = await load<ConverterDefinition>(className!)
  const use = op.endsWith('Header') ? 'header' : isKey === true ? 'key' : 'value'
  const parsed = parseOrThrow(definition.config, { ...config, 'converter.type': use })
  return definition.create(parsed as never, use) as Converter & HeaderConverter
}

const chainPlugins: ChainPlugins = {
  transform: async className => ({ definition: await load<TransformDefinition>(className), side: sideIn(className) }),
  predicate: className => load<PredicateDefinition>(className),
}

const targetOf = ({ target, scale }: Case): Schema => {
  if (target === 'decimal') return decimalSchema(scale!)
  if (target === 'date') return dateSchema()
  if (target === 'time') return timeSchema()
  if (target === 'timestamp') return timestampSchema()
  if (target === 'array') return s.array(null)
  if (target === 'map') return s.map(null, null)
  return target === 'struct' ? s.struct({}) : s[target as 'int8']()
}

/** Elements of a collection have no width here: where Java has a narrower integer, ours is 64 bits wide. */
const inferredDifference = ({ value, result }: Case): string | undefined => {
  const own = schemaOf((value as { readonly schema?: Json } | null)?.schema ?? null) ?? widthOf(value!)
  const widened = JSON.stringify(result.schema).replaceAll(/"int(8|16|32)"/g, '"int64"')
  return schemaDifference(own === null ? JSON.parse(widened) : result.schema!, inferSchema(valueOf(value!), own))
}

const widthOf = (value: Json): Schema | null => {
  const tag = value === null || typeof value !== 'object' ? '' : Object.keys(value)[0]!
  return /^(int|float)\d+$/.test(tag) ? s[tag as 'int8']() : null
}

/** A fault of the player, never an answer. */
class UnknownKind extends Error {}

/** Configuring ends where the input comes. */
interface Progress {
  phase: 'configure' | 'apply'
}

/** What ours gives for the input of a case: `different` names where it is not what was captured. */
const different = async (one: Case, progress: Progress): Promise<string | undefined> => {
  const { op, config, result } = one
  const topic = one.topic ?? 't'
  switch (op) {
    case 'fromConnect':
    case 'fromHeader': {
      const converter = await converterOf(one)
      progress.phase = 'apply'
      const schema = schemaOf(one.schema!)
      const value = valueOf(one.value!)
      const bytes =
        op === 'fromHeader'
          ? converter.encodeHeader(topic, 'h', schema, value)
          : converter.encode(topic, schema, value, [])
      return (
        bytesDifference(result.bytes!, bytes) ?? (op === 'fromConnect' ? written(converter, one, bytes) : undefined)
      )
    }
    case 'toConnect':
    case 'toHeader': {
      const converter = await converterOf(one)
      progress.phase = 'apply'
      const bytes = bytesOf(one.bytes!)
      return readDifference(
        result,
        op === 'toHeader' ? converter.decodeHeader(topic, 'h', bytes) : converter.decode(topic, bytes, []),
      )
    }
    case 'parseString':
      progress.phase = 'apply'
      return readDifference(result, one.text === null ? { schema: null, value: null } : parseText(one.text!))
    case 'convertTo': {
      progress.phase = 'apply'
      // Java carries the width of a number in the value, ours in the schema beside it.
      const schema = schemaOf(one.schema!) ?? widthOf(one.value!)
      return difference(result.value!, convertValue(targetOf(one), valueOf(one.value!), schema))
    }
    case 'inferSchema':
      return inferredDifference(one)
    case 'project':
      progress.phase = 'apply'
      return difference(
        result.value!,
        projectValue(schemaOf(one.sourceSchema!)!, valueOf(one.value!), schemaOf(one.targetSchema!)!),
      )
    case 'transform': {
      const definition = await load<TransformDefinition>(one.class!)
      const transform = definition.create(parseOrThrow(definition.config, config) as never, sideIn(one.class!), {
        originals: given(config),
      })
      progress.phase = 'apply'
      return recordDifference(result, transform.apply(recordOf(one.record!)))
    }
    case 'predicate': {
      const definition = await load<PredicateDefinition>(one.class!)
      const predicate = definition.create(parseOrThrow(definition.config, config) as never)
      progress.phase = 'apply'
      const test = predicate.test(recordOf(one.record!))
      return test === result.test ? undefined : `expected ${result.test}, got ${test}`
    }
    case 'chain': {
      await checkChain(config)
      const chain = await createChain(config, chainPlugins)
      progress.phase = 'apply'
      let record: ConnectRecord | null = recordOf(one.record!)
      for (const step of chain.steps) record = record === null ? null : step.apply(record)
      return recordDifference(result, record)
    }
    default: {
      progress.phase = 'apply'
      const found = await configDifference(one as ConfigCase)
      if (found !== null) return found
      throw new UnknownKind(`The vectors have a case of an unknown kind: ${op}`)
    }
  }
}

/** Invariant: writing in place gives the same bytes as `encode`. */
const written = (converter: Converter, one: Case, bytes: Uint8Array | null): string | undefined => {
  if (converter.encodeInto === undefined) return undefined
  const out = new ByteWriter(8)
  const has = converter.encodeInto(out, one.topic ?? 't', schemaOf(one.schema!), valueOf(one.value!))
  const same = has === (bytes !== null) && (bytes === null || out.buf.subarray(0, out.pos).equals(bytes))
  return same ? undefined : `encodeInto gives ${out.buf.toString('utf8', 0, out.pos)}`
}

const bytesDifference = (expected: CaseBytes, bytes: Uint8Array | null): string | undefined => {
  const wanted = bytesOf(expected)
  if (wanted === null || bytes === null) return wanted === bytes ? undefined : `expected ${wanted}, got ${bytes}`
  return wanted.equals(bytes) ? undefined : `expected ${wanted}, got ${Buffer.from(bytes)}`
}

const schemaDifference = (json: Json, schema: Schema | null | undefined, at = 'schema'): string | undefined => {
  const expected = schemaOf(json)
  return expected === (schema ?? null)
    ? undefined
    : `${at}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(schema)}`
}

const readDifference = (result: CaseResult, { schema, value }: SchemaAndValue): string | undefined => {
  if (result.returnedNull === true) return schema === null && value === null ? undefined : 'expected nothing'
  return schemaDifference(result.schema!, schema) ?? difference(result.value!, resolveLazy(value))
}

const recordDifference = (result: CaseResult, record: ConnectRecord | null): string | undefined => {
  if (result.dropped === true) return record === null ? undefined : 'expected the record to be dropped'
  if (record === null) return 'the record was dropped'
  const expected = result.record!
  for (const name of ['topic', 'partition', 'timestamp'] as const)
    if ((record[name] ?? null) !== expected[name]) return `${name}: expected ${expected[name]}, got ${record[name]}`
  const kept = record as ConnectRecord & { offset?: unknown; sourcePartition?: unknown; sourceOffset?: unknown }
  if (kept.offset !== expected.offset) return `offset: expected ${expected.offset}, got ${kept.offset}`
  if ((kept.sourcePartition === undefined) !== (expected.kind === 'sink')) return `kind: expected ${expected.kind}`
  for (const name of ['sourcePartition', 'sourceOffset'] as const) {
    const found = expected[name] === undefined ? undefined : difference(expected[name], kept[name], name)
    if (found !== undefined) return found
  }
  const headers = record.headers ?? []
  if (headers.length !== expected.headers.length) return `headers: got ${JSON.stringify(headers)}`
  return (
    schemaDifference(expected.keySchema, record.keySchema, 'keySchema') ??
    difference(expected.key, record.key ?? null, 'key') ??
    schemaDifference(expected.valueSchema, record.valueSchema, 'valueSchema') ??
    difference(expected.value, record.value ?? null) ??
    expected.headers
      .map(
        ({ name, schema, value }, index) =>
          (headers[index]!.key === name ? undefined : `header ${index} is ${headers[index]!.key}`) ??
          schemaDifference(schema, headers[index]!.schema, `header ${name}`) ??
          difference(value, headers[index]!.value, `header ${name}`),
      )
      .find(one => one !== undefined)
  )
}

const kinds: Readonly<Record<string, (error: unknown) => boolean>> = {
  'org.apache.kafka.connect.errors.DataException': isDataError,
  'org.apache.kafka.connect.errors.SchemaBuilderException': isDataError,
  'org.apache.kafka.connect.errors.SchemaProjectorException': isDataError,
  'org.apache.kafka.common.errors.SerializationException': error => isDataError(error) || isConfigError(error),
  'org.apache.kafka.common.config.ConfigException': isConfigError,
  'org.apache.kafka.connect.errors.ConnectException': error => error instanceof ConnectError,
}

/**
 * Errors of the Java language itself (casts, nulls) have texts that mean nothing here: ours fails in words of its own, but as a fault of
 * the record or the configuration, never of the program.
 */
const ofJava = (className: string): boolean => className.startsWith('java.')
const known = (error: unknown): boolean => isDataError(error) || isConfigError(error)

/** An address that Java printed is any hexadecimal number. */
const sameText = (expected: string, message: string): boolean =>
  expected === message ||
  new RegExp(
    `^${expected
      .split('@<hash>')
      .map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('@[0-9a-f]+')}$`,
  ).test(message)

/** How ours differs from what was captured; undefined when it does not. */
export const check = async (one: Case): Promise<string | undefined> => {
  const { error: expected } = one.result
  const progress: Progress = { phase: 'configure' }
  if (expected === undefined) {
    try {
      return await different(one, progress)
    } catch (error) {
      return `threw ${(error as Error).stack}`
    }
  }
  try {
    const found = await different({ ...one, result: { dropped: true, bytes: null, returnedNull: true } }, progress)
    return `expected ${expected.class}: ${expected.message}; nothing was thrown (${found})`
  } catch (error) {
    if (error instanceof UnknownKind) return error.message
    const message = error instanceof Error ? error.message : String(error)
    const isKind = kinds[expected.class] ?? (ofJava(expected.class) ? known : undefined)
    if (isKind === undefined) return `The vectors have an error of an unknown class: ${expected.class}`
    if (!isKind(error)) return `expected ${expected.class}, got ${(error as Error).stack}`
    if (progress.phase !== expected.phase) return `failed at ${progress.phase}, expected ${expected.phase}: ${message}`
    if (ofJava(expected.class) || sameText(expected.message ?? '', message)) return undefined
    return `expected the message "${expected.message}", got "${message}"`
  }
}
