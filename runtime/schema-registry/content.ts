import { createHash } from 'node:crypto'
import type { RegistrySchema } from '../converters/registry/format.ts'

const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[\w.]+|\S/g

/** What a Protobuf file says, without comments and blanks. */
const protoTokens = (text: string): string =>
  (text.match(token) ?? []).filter(part => !part.startsWith('//') && !part.startsWith('/*')).join(' ')

/** Equal for schemas that share an id. A Protobuf file is stored as it was given, and compared without comments and blanks. */
export const contentOf = ({ type, text, references }: RegistrySchema): string =>
  JSON.stringify([
    type,
    type === 'PROTOBUF' ? protoTokens(text) : text,
    references.map(({ name, subject, version }) => [name, subject, version]),
  ])

/** Made of the content, so that all registries come to the same. */
export const guidOf = (schema: RegistrySchema): string =>
  createHash('md5')
    .update(contentOf(schema))
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
