import { avroProblems } from '../converters/avro/compatibility.ts'
import { parseAvro } from '../converters/avro/parse.ts'
import { jsonSchemaIncompatibility } from '../converters/json-schema/compatibility.ts'
import { SchemaDocument } from '../converters/json-schema/document.ts'
import { protobufIncompatibility } from '../converters/protobuf/compatibility.ts'
import { compiledFile } from '../converters/protobuf/compile-file.ts'
import { parseProto } from '../converters/protobuf/parse.ts'
import type { ResolvedSchema, SchemaType } from '../converters/registry/format.ts'
import { printedAvro } from './avro-text.ts'
import { compactJson } from './exact-json.ts'

/** What a registry asks of a format. Both throw DataError for a text that is not valid, or refers to what it was not given. */
interface RegistryFormat {
  /** The text that is stored. */
  canonical(schema: ResolvedSchema): string
  /** The forms that a client may ask for by name, besides the text that is stored. */
  readonly forms?: Readonly<Record<string, (schema: ResolvedSchema) => string>>
  /** Why `reader` cannot read what `writer` wrote, one line each; empty: it can. */
  problems(reader: ResolvedSchema, writer: ResolvedSchema): readonly string[]
}

const listed = (reason: string | undefined): readonly string[] => (reason === undefined ? [] : [reason])

const avro = ({ text, resolved }: ResolvedSchema) => parseAvro(text, resolved)
const proto = ({ text, resolved }: ResolvedSchema) => parseProto(text, resolved)

const formats: Record<SchemaType, RegistryFormat> = {
  AVRO: {
    canonical(schema) {
      avro(schema)
      return printedAvro(schema.text)
    },
    problems: (reader, writer) => avroProblems(avro(reader), avro(writer)),
  },
  JSON: {
    canonical(schema) {
      const document = new SchemaDocument(schema)
      // Finds what cannot be followed at the root; what is deeper shows when it is compared or used.
      document.deref(document.root, 'the schema')
      return compactJson(schema.text)
    },
    problems: (reader, writer) =>
      listed(jsonSchemaIncompatibility(new SchemaDocument(reader), new SchemaDocument(writer), 'strict')),
  },
  PROTOBUF: {
    canonical(schema) {
      proto(schema)
      return schema.text
    },
    forms: { serialized: ({ text, resolved }) => compiledFile(text, resolved) },
    problems: (reader, writer) => listed(protobufIncompatibility(proto(reader), proto(writer))),
  },
}

export const schemaTypes = Object.keys(formats) as readonly SchemaType[]

export const isSchemaType = (type: string): type is SchemaType => Object.hasOwn(formats, type)

/** Of a type in `schemaTypes`. */
export const formatOf = (type: SchemaType): RegistryFormat => formats[type]
