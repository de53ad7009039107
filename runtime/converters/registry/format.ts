import type { ByteWriter } from '../../api/byte-writer.ts'
import type { SchemaAndValue } from '../../api/define.ts'
import type { Schema } from '../../api/schema.ts'

/** Names of the formats in a registry's REST API. */
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

/** An import of one registered schema by another. */
export interface SchemaReference {
  /** How the referring text names it: a full name in Avro, a `$ref` in JSON Schema, an import's path in Protobuf. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as a registry holds it. */
export interface RegistrySchema {
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
}

/** A schema with the texts of all it refers to, directly or not: what a reader needs to understand it. */
export interface ResolvedSchema extends RegistrySchema {
  /** By reference name; what a text refers to stands before it. */
  readonly resolved: ReadonlyMap<string, string>
}

/** Writes values of one Connect schema; made once per schema. */
export interface FormatWriter {
  /** What is registered. A format that has well-known imports lists none of them here. */
  readonly schema: RegistrySchema
  /** Full name for the record name strategies; undefined where the schema has none. */
  readonly recordName: string | undefined
  /** Where the root message stands in its file (Protobuf), `[0]` for the first; undefined for the other formats. */
  readonly messageIndexes?: readonly number[]
  /** Appends the payload, which follows the schema's id. Throws DataError naming the field that does not fit. */
  encodeInto(out: ByteWriter, value: unknown): void
}

/** Reads payloads of one registered schema; made once per schema. */
export interface FormatReader {
  /** `payload` begins after the id and the message indexes and is a view that lives only as long as the call. Throws DataError. */
  decode(payload: Uint8Array): SchemaAndValue
}

/**
 * What differs between Avro, JSON Schema and Protobuf. Synchronous and without I/O: the registry is asked beforehand, and
 * writers and readers are kept by the caller.
 */
export interface SchemaFormat {
  readonly type: SchemaType
  /** The writer with the schema derived from Connect's. Null: a value without a schema. Throws DataError when it cannot be expressed. */
  writer(schema: Schema | null): FormatWriter
  /** The writer that encodes values of `schema` as the registered schema says (`use.latest.version`, `use.schema.id`). */
  writerAs(registered: ResolvedSchema, schema: Schema | null): FormatWriter
  /** `version`: of the schema in its subject, which becomes the Connect schema's version where the text states none. */
  reader(registered: ResolvedSchema, version: number | undefined, messageIndexes?: readonly number[]): FormatReader
  /** Full name of the root of a registered schema; undefined where it has none. Throws DataError for a text that cannot be read. */
  recordName(registered: ResolvedSchema): string | undefined
  /** Why data of `writer` cannot be read by `reader`, or undefined when it can (`latest.compatibility.strict`). */
  incompatibility(reader: ResolvedSchema, writer: ResolvedSchema): string | undefined
}
