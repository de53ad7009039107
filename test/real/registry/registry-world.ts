import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Converter, ConverterDefinition } from '../../../runtime/api/define.ts'
import type { Schema } from '../../../runtime/api/schema.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import { type Call, confluentClient } from './confluent-client.ts'
import { type Registry, registries } from './registries.ts'

type ClientCall = Omit<Call, 'op' | 'format' | 'url'>

/** One of our converters, a registry, and two clients that others wrote. */
export class RegistryWorld {
  /** Of the registry. */
  readonly name: string
  readonly #format: Call['format']
  readonly #definition: ConverterDefinition
  #registry: Registry | undefined
  #python: ReturnType<typeof confluentClient> | undefined
  #node: SchemaRegistry | undefined

  constructor(name: string, format: Call['format'], definition: ConverterDefinition) {
    this.name = name
    this.#format = format
    this.#definition = definition
  }

  async start(start: () => Promise<Registry>, python: string): Promise<void> {
    this.#registry = await start()
    this.#python = confluentClient(python)
    // Strict, it refuses members that JSON Schema does not know, such as connect.index.
    this.#node = new SchemaRegistry({ host: this.url }, { [SchemaType.JSON]: { strict: false } })
  }

  async close(): Promise<void> {
    await this.#python?.close()
    await this.#registry?.close()
  }

  get url(): string {
    return this.#registry!.url
  }

  /** The client for Node. */
  get node(): SchemaRegistry {
    return this.#node!
  }

  /** By Confluent's client for Python. */
  theirsEncoded(call: ClientCall): Promise<Buffer> {
    return this.#python!.encode({ ...call, format: this.#format, url: this.url })
  }

  theirsDecoded(call: ClientCall): Promise<unknown> {
    return this.#python!.decode({ ...call, format: this.#format, url: this.url })
  }

  converter(props: Readonly<Record<string, string>> = {}): Converter {
    const settings = { 'schema.registry.url': this.url, ...props }
    return this.#definition.create(parseOrThrow(this.#definition.config, settings) as never, 'value')
  }

  async encoded(topic: string, schema: Schema, record: unknown, made = this.converter()): Promise<Buffer> {
    await made.prepare!({ topic, schemas: [schema] })
    return Buffer.from(made.encode(topic, schema, record)!)
  }

  async decoded(topic: string, bytes: Uint8Array, made = this.converter()) {
    await made.prepareDecode!({ topic, payloads: [bytes] })
    return made.decode(topic, bytes)
  }

  async newest(subject: string): Promise<string> {
    const answer = await fetch(`${this.url}/subjects/${subject}/versions/latest`)
    return ((await answer.json()) as { schema: string }).schema
  }

  /** The registry's refusal as text; undefined: it is registered. */
  async register(subject: string, body: object): Promise<string | undefined> {
    const answer = await fetch(`${this.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(body),
    })
    return answer.ok ? undefined : answer.text()
  }

  /** Old and new bytes of a topic, each read with the version that wrote it. */
  async evolves(
    [before, old]: readonly [schema: Schema, value: object],
    [after, fresh]: readonly [schema: Schema, value: object],
    props: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const first = await this.encoded('evolving', before, old, this.converter(props))
    const second = await this.encoded('evolving', after, fresh, this.converter(props))
    const made = this.converter(props)
    const one = await this.decoded('evolving', first, made)
    expect([one.schema!.version, one.value]).toEqual([1, old])
    const other = await this.decoded('evolving', second, made)
    expect([other.schema!.version, other.value]).toEqual([2, fresh])
  }
}

/** The tests of a converter with each registry that is there. */
export const withRegistries = (
  format: Call['format'],
  definition: ConverterDefinition,
  tests: (world: RegistryWorld) => void,
): void => {
  const python = process.env['MILLRACE_PYTHON']
  describe.skipIf(python === undefined).each(registries)(
    `${format} with others' clients and $name (npm run test:real brings them)`,
    ({ name, start }) => {
      const world = new RegistryWorld(name, format, definition)
      beforeAll(() => world.start(start, python!), 120_000)
      afterAll(() => world.close())
      tests(world)
    },
  )
}
