import { ByteWriter } from '../../runtime/api/byte-writer.ts'
import type {
  Converter,
  ConverterDefinition,
  PredicateDefinition,
  TransformDefinition,
} from '../../runtime/api/define.ts'
import { resolveLazy } from '../../runtime/api/lazy.ts'
import type { Schema } from '../../runtime/api/schema.ts'
import { parseOrThrow } from '../../runtime/config/parse.ts'
import { transformRecord } from '../../runtime/pipeline/run-chain.ts'
import { createChain } from '../../runtime/pipeline/transform-chain.ts'
import { builtinPlugins } from '../../runtime/plugins/builtin.ts'
import { resolveMillrace } from '../../runtime/plugins/resolve-millrace.ts'
import { scriptAccess } from '../../runtime/plugins/script-access.ts'
import { fakeRegistry } from '../support/fakes/schema-registry.ts'
import {
  type ConverterCase,
  converterCases,
  type Step,
  type TransformCase,
  transformCases,
} from './conversion-cases.ts'

/** What is done with a case's values. */
export type Leg = 'encode' | 'decode' | 'decode, left as bytes'

export interface ConversionFigure {
  readonly records: number
  /** User and system time of the process, garbage collection included. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
}

export interface Timing {
  readonly warmUpMs: number
  readonly ms: number
}

const perBatch = 1000

/** Where results go, one after the other as in the peer, so that the compiler cannot leave the work out. */
export let consumed: unknown

const load = async (className: string): Promise<unknown> => {
  resolveMillrace()
  const found = builtinPlugins().find(({ location }) => location.class === className)
  if (found === undefined) throw new Error(`${className} is no plugin of the package`)
  return ((await import(found.location.url)) as { default: unknown }).default
}

const converterOf = async (className: string, config: Readonly<Record<string, string>>): Promise<Converter> => {
  const definition = (await load(className)) as ConverterDefinition
  return definition.create(parseOrThrow(definition.config, config) as never, 'value')
}

const numbers = Array.from({ length: perBatch }, (_, number) => number)

/** Repeats a batch until the time is over; `batch` returns how many results were as they should be. */
const timed = ({ warmUpMs, ms }: Timing, batch: () => number): ConversionFigure => {
  for (const end = performance.now() + warmUpMs; performance.now() < end; ) batch()
  const cpu = process.cpuUsage()
  const start = performance.now()
  let records = 0
  let batches = 0
  while (performance.now() < start + ms) {
    records += batch()
    batches++
  }
  const wallSeconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  if (records !== batches * perBatch) throw new Error(`${records} results instead of ${batches * perBatch}`)
  return { records, cpuSeconds: (user + system) / 1e6, wallSeconds }
}

const converterCase = (name: string): ConverterCase => {
  const found = converterCases.find(one => one.name === name)
  if (found === undefined) throw new Error(`There is no case ${name} of converters`)
  return found
}

/** One converter, one way, in this process. */
export async function benchConverter(name: string, leg: Leg, timing: Timing): Promise<ConversionFigure> {
  const { class: className, config, registry, schema, value } = converterCase(name)
  if (registry === undefined) return timeConverter(await converterOf(className, config), schema, value, leg, timing)
  const { url, close } = await fakeRegistry()
  try {
    const converter = await converterOf(className, { ...config, 'schema.registry.url': url })
    return await timeConverter(converter, schema, value, leg, timing)
  } finally {
    await close()
  }
}

const timeConverter = async (
  converter: Converter,
  schema: Schema | null,
  value: (number: number) => unknown,
  leg: Leg,
  timing: Timing,
): Promise<ConversionFigure> => {
  const values = numbers.map(value)
  await converter.prepare?.({ topic: 'topic', schemas: [schema] })
  if (leg === 'encode') {
    const out = new ByteWriter(1 << 20)
    return timed(timing, () => {
      out.pos = 0
      let seen = 0
      for (const each of values) {
        if (converter.encodeInto !== undefined) {
          if (converter.encodeInto(out, 'topic', schema, each)) seen++
        } else {
          const bytes = converter.encode('topic', schema, each)
          if (bytes === null) continue
          out.writeBytes(bytes)
          seen++
        }
      }
      return seen
    })
  }
  const payloads = values.map(each => converter.encode('topic', schema, each)!)
  await converter.prepareDecode?.({ topic: 'topic', payloads })
  const whole = leg === 'decode'
  return timed(timing, () => {
    let seen = 0
    for (const bytes of payloads) {
      const { value } = converter.decode('topic', bytes)
      consumed = whole ? resolveLazy(value) : value
      if (consumed !== undefined) seen++
    }
    return seen
  })
}

const transformCase = async (name: string): Promise<TransformCase> => {
  const found = (await transformCases()).find(one => one.name === name)
  if (found === undefined) throw new Error(`There is no case ${name} of transforms`)
  return found
}

const chainOf = (steps: readonly Step[]) => {
  const props: Record<string, string> = { transforms: steps.map((_, index) => `t${index}`).join(',') }
  for (const [index, step] of steps.entries()) {
    props[`transforms.t${index}.type`] = step.class
    for (const [key, text] of Object.entries(step.config)) props[`transforms.t${index}.${key}`] = text
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  return createChain(
    props,
    {
      transform: async className => ({
        definition: (await load(className)) as TransformDefinition,
        side: className.endsWith('$Key') ? 'Key' : 'Value',
      }),
      predicate: async className => (await load(className)) as PredicateDefinition,
    },
    { scripts: scriptAccess({ folders: [], inline: true, log }) },
  )
}

/** A chain over a batch of records, in this process. */
export async function benchTransforms(name: string, timing: Timing): Promise<ConversionFigure> {
  const { steps, record } = await transformCase(name)
  const chain = await chainOf(steps)
  const records = numbers.map(record)
  for (const step of chain.steps) await step.prepare?.(records)
  const figure = timed(timing, () => {
    let seen = 0
    for (const each of records) {
      consumed = transformRecord(chain, each)
      if (consumed !== undefined) seen++
    }
    return seen
  })
  chain.close()
  return figure
}

const envelopes = () => converterOf('org.apache.kafka.connect.json.JsonConverter', { 'schemas.enable': 'true' })

// Without a schema a null has no envelope.
const textOf = (converter: Converter, schema: Schema | null, value: unknown): string => {
  const bytes = converter.encode('topic', schema, value)
  return bytes === null ? '{"schema":null,"payload":null}' : Buffer.from(bytes).toString()
}

/** The case as Conversion.java reads it. */
export async function converterSpec(name: string, kind: 'encode' | 'decode', timing: Timing): Promise<unknown> {
  const { class: className, config, schema, value } = converterCase(name)
  const converter = await envelopes()
  const records = numbers.map(number => ({ value: textOf(converter, schema, value(number)) }))
  return { ...timing, kind, class: className, config, records }
}

export async function transformSpec(name: string, timing: Timing): Promise<unknown> {
  const { steps, record } = await transformCase(name)
  const converter = await envelopes()
  const records = numbers.map(record).map(made => ({
    topic: made.topic,
    timestamp: made.timestamp ?? null,
    key: textOf(converter, made.keySchema ?? null, made.key ?? null),
    value: textOf(converter, made.valueSchema ?? null, made.value),
    headers: (made.headers ?? []).map(({ key, schema, value }) => ({ key, value: textOf(converter, schema, value) })),
  }))
  return { ...timing, kind: 'transforms', steps, records }
}
