import { ByteWriter } from '../../api/byte-writer.ts'
import type { Converter, ConverterUse, EncodedBatch, RawHeader, SchemaAndValue } from '../../api/define.ts'
import { ConfigError, DataError } from '../../api/errors.ts'
import { resolveLazy } from '../../api/lazy.ts'
import type { Schema } from '../../api/schema.ts'
import { RegistryClient } from './client.ts'
import type { FormatReader, FormatWriter, RegistrySchema, ResolvedSchema, SchemaFormat } from './format.ts'
import { RegistryError } from './http-client.ts'
import { refuseRules } from './rules.ts'
import { SchemaCache } from './schema-cache.ts'
import type { RegistryConfig } from './settings.ts'
import { type SubjectName, subjectName } from './subjects.ts'
import { readsHeaders, refuseUnsupported } from './unsupported.ts'
import { frameOf, readFrame } from './wire-format.ts'

/** How long the registry is not asked again for what it did not know. */
const UNKNOWN_MS = 5000

interface Encoder {
  /** What goes before each payload. */
  readonly frame: Buffer
  readonly writer: FormatWriter
  readonly expiresAt: number
}

/** What concerns records of one schema only: their own failure, not that of the task. */
interface Refused {
  readonly error: DataError
  readonly expiresAt: number
}

type Prepared = Encoder | Refused

interface Known {
  readonly schema: ResolvedSchema
  readonly version: number | undefined
  readonly readers: Map<string, FormatReader>
  readonly expiresAt: number
}

/** A refusal by the registry, as what it means to whoever converts. */
const refusal = (error: unknown, what: string): DataError => {
  if (!(error instanceof RegistryError)) {
    if (error instanceof DataError) return error
    throw error
  }
  if (error.status === 401 || error.status === 403)
    throw new ConfigError(
      `The schema registry refuses access (${error.message}): check basic.auth.* or bearer.auth.*`,
      {
        key: 'schema.registry.url',
        cause: error,
      },
    )
  return new DataError(`${what}: ${error.message} (${error.code})`, { cause: error })
}

class RegistryConverter implements Converter {
  readonly #format: SchemaFormat
  readonly #config: RegistryConfig
  readonly #client: RegistryClient
  readonly #subject: SubjectName
  readonly #prepared: SchemaCache<Schema | null, Prepared>
  readonly #known: SchemaCache<number | string, Known | Refused>
  /** Name of the header that may hold the id of a schema. */
  readonly #header: string
  readonly readsHeaders: boolean
  /** The schema that the bytes before were written with: mostly the one of the next, too. */
  #lastFrame = Buffer.alloc(0)
  #lastTopic = ''
  #lastReader: FormatReader | undefined

  constructor(
    format: SchemaFormat,
    config: RegistryConfig,
    use: ConverterUse,
    originals: Readonly<Record<string, string>>,
  ) {
    this.#format = format
    this.#config = config
    this.#client = new RegistryClient(config, originals)
    refuseUnsupported(config)
    this.#prepared = new SchemaCache(config.maxSchemasPerSubject)
    this.#known = new SchemaCache(config.maxSchemasPerSubject)
    const isKey = use === 'key'
    this.#header = isKey ? '__key_schema_id' : '__value_schema_id'
    this.readsHeaders = isKey
      ? readsHeaders(config.keySchemaIdDeserializer, 'key.schema.id.deserializer')
      : readsHeaders(config.valueSchemaIdDeserializer, 'value.schema.id.deserializer')
    this.#subject = isKey
      ? subjectName(config.keySubjectNameStrategy, true, 'key.subject.name.strategy')
      : subjectName(config.valueSubjectNameStrategy, false, 'value.subject.name.strategy')
  }

  close(): void {
    this.#client.close()
  }

  prepare(
    { topic, schemas }: { readonly topic: string; readonly schemas: readonly (Schema | null)[] },
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#prepared.renew(topic, new Set(schemas), schema => this.#encoder(topic, schema, signal))
  }

  async #encoder(topic: string, schema: Schema | null, signal: AbortSignal | undefined): Promise<Prepared> {
    const { useSchemaId, useLatestVersion, autoRegisterSchemas, latestCacheTtlSec } = this.#config
    let what = 'The schema cannot be written'
    try {
      const own = this.#format.writer(schema)
      const subject = this.#subject(topic, own.recordName)
      what = `The schema of subject ${subject}`
      let expiresAt = Number.POSITIVE_INFINITY
      let id: number
      let writer = own
      if (autoRegisterSchemas) {
        what += ' was not registered'
        id = await this.#client.register(subject, own.schema, signal)
      } else if (useSchemaId >= 0) {
        what = `The schema of use.schema.id=${useSchemaId} cannot be had`
        id = useSchemaId
        const given = await this.#client.schemaOf(id, subject, signal)
        writer = this.#as(given, schema, own, this.#config.idCompatibilityStrict)
      } else if (useLatestVersion) {
        what = `The newest schema of subject ${subject} cannot be had`
        const latest = await this.#client.latest(subject, signal)
        id = latest.id
        writer = this.#as(latest, schema, own, this.#config.latestCompatibilityStrict)
        if (latestCacheTtlSec >= 0) expiresAt = performance.now() + latestCacheTtlSec * 1000
      } else {
        what += ' was not found (auto.register.schemas=false)'
        const found = await this.#client.lookup(subject, own.schema, signal)
        refuseRules(found.ruleSet, 'WRITE')
        id = found.id
      }
      return { frame: frameOf(id, writer.messageIndexes), writer, expiresAt }
    } catch (error) {
      return { error: refusal(error, what), expiresAt: performance.now() + UNKNOWN_MS }
    }
  }

  #as(given: ResolvedSchema, schema: Schema | null, own: FormatWriter, strict: boolean): FormatWriter {
    const why = strict ? this.#format.incompatibility(given, unreferring(own.schema)) : undefined
    if (why !== undefined) throw new DataError(`The registered schema cannot read what the record's says: ${why}`)
    return this.#format.writerAs(given, schema)
  }

  encodeInto(out: ByteWriter, topic: string, schema: Schema | null, value: unknown): boolean {
    const plain = resolveLazy(value)
    if (plain === null || plain === undefined) return false
    const prepared = this.#prepared.get(topic, schema)
    if (prepared === undefined)
      throw new DataError(`The schema registry was not asked about the schema of this record for topic ${topic}`)
    if ('error' in prepared) throw prepared.error
    out.writeBytes(prepared.frame)
    prepared.writer.encodeInto(out, plain)
    return true
  }

  encode(topic: string, schema: Schema | null, value: unknown): Uint8Array | null {
    const out = new ByteWriter(256)
    return this.encodeInto(out, topic, schema, value) ? out.buf.subarray(0, out.pos) : null
  }

  prepareDecode({ topic, payloads, headers }: EncodedBatch, signal?: AbortSignal): Promise<void> {
    const ids = new Set<number | string>()
    for (const [index, bytes] of payloads.entries()) {
      const id = schemaIdOf(this.#headOf(headers?.(index)) ?? bytes)
      if (id !== undefined) ids.add(id)
    }
    return this.#known.renew(topic, ids, id => this.#schemaOf(topic, id, signal))
  }

  async #schemaOf(topic: string, id: number | string, signal: AbortSignal | undefined): Promise<Known | Refused> {
    try {
      const schema = await this.#client.schema(id, signal)
      if (schema.type !== this.#format.type)
        throw new DataError(`Schema ${id} is of type ${schema.type}: use the converter of that format`)
      return {
        schema,
        version: await this.#version(topic, schema, signal),
        readers: new Map(),
        expiresAt: Number.POSITIVE_INFINITY,
      }
    } catch (error) {
      return { error: refusal(error, `Schema ${id} cannot be had`), expiresAt: performance.now() + UNKNOWN_MS }
    }
  }

  /** Its version in the subject; undefined when it is not there: it was written under another name. */
  async #version(topic: string, schema: ResolvedSchema, signal: AbortSignal | undefined): Promise<number | undefined> {
    try {
      const subject = this.#subject(topic, this.#format.recordName(schema))
      return (await this.#client.lookup(subject, schema, signal)).version
    } catch (error) {
      if (error instanceof RegistryError || error instanceof DataError) return undefined
      throw error
    }
  }

  /** A schema that cannot be read fails each of its records, without being read again for it. */
  #reader({ schema, version }: Known, indexes: readonly number[]): FormatReader {
    try {
      return this.#format.reader(schema, version, indexes)
    } catch (error) {
      return {
        decode() {
          throw error
        },
      }
    }
  }

  /** The frame that stands in a header instead of before the payload. */
  #headOf(headers: readonly RawHeader[] | undefined): Uint8Array | undefined {
    if (headers === undefined || !this.readsHeaders) return undefined
    return headers.findLast(({ key }) => key === this.#header)?.value ?? undefined
  }

  decode(topic: string, bytes: Uint8Array | null, headers?: readonly RawHeader[]): SchemaAndValue {
    if (bytes === null) return { schema: null, value: null }
    const apart = this.#headOf(headers)
    const head = apart ?? bytes
    const last = this.#lastFrame
    if (this.#lastReader !== undefined && topic === this.#lastTopic && beginsWith(head, last))
      return this.#lastReader.decode(apart === undefined ? bytes.subarray(last.length) : bytes)
    const frame = readFrame(head, this.#format.type)
    const known = this.#known.get(topic, frame.schema)
    if (known === undefined) throw new DataError(`The schema registry was not asked for schema ${frame.schema}`)
    if ('error' in known) throw known.error
    const place = frame.indexes.join()
    let reader = known.readers.get(place)
    if (reader === undefined) {
      reader = this.#reader(known, frame.indexes)
      known.readers.set(place, reader)
    }
    this.#lastReader = reader
    this.#lastTopic = topic
    this.#lastFrame = Buffer.from(head.subarray(0, frame.payloadAt))
    return reader.decode(apart === undefined ? bytes.subarray(frame.payloadAt) : bytes)
  }
}

const unreferring = (schema: RegistrySchema): ResolvedSchema => ({ ...schema, resolved: new Map() })

const schemaIdOf = (bytes: Uint8Array): number | string | undefined => {
  try {
    return readFrame(bytes, 'AVRO').schema
  } catch {
    // `decode` says what is wrong with this record.
    return undefined
  }
}

const beginsWith = (bytes: Uint8Array, head: Uint8Array): boolean => {
  if (bytes.length < head.length) return false
  for (let at = 0; at < head.length; at++) if (bytes[at] !== head[at]) return false
  return true
}

/**
 * A converter whose schemas are in a registry. It is told beforehand of the schemas that it will meet (`prepare`,
 * `prepareDecode`), so that converting itself never waits. Throws ConfigError.
 */
export const registryConverter = (
  format: SchemaFormat,
  config: RegistryConfig,
  use: ConverterUse,
  originals: Readonly<Record<string, string>> = {},
): Converter => new RegistryConverter(format, config, use, originals)
