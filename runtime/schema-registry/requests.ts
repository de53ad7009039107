import type { FastifyRequest } from 'fastify'
import type { RegistrySchema, SchemaReference } from '../converters/registry/format.ts'
import { guidOf } from './content.ts'
import { RegistryRefusal, refusals } from './errors.ts'
import { isSchemaType, schemaTypes } from './formats.ts'
import { type Level, levels, type Mode, modes, type SchemaVersion } from './records.ts'
import type { VersionId } from './registry.ts'

type Body = Readonly<Record<string, unknown>>

/** Throws RegistryRefusal for what is no JSON object. */
export const bodyOf = ({ body }: FastifyRequest): Body => {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  throw refusals.badRequest('The body must be a JSON object')
}

export const param = ({ params }: FastifyRequest, name: string): string => (params as Record<string, string>)[name]!

export const query = (request: FastifyRequest, name: string): string | undefined => {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return Array.isArray(value) ? value[0] : value
}

export const flag = (request: FastifyRequest, name: string): boolean => query(request, name)?.toLowerCase() === 'true'

/** -1 is an old spelling of `latest`. */
export const versionParam = (request: FastifyRequest): VersionId => {
  const text = param(request, 'version')
  if (text === 'latest' || text === '-1') return 'latest'
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (version < 1 || version > 0x7fff_ffff) throw refusals.invalidVersion(text)
  return version
}

export const idParam = (request: FastifyRequest): number => {
  const text = param(request, 'id')
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new RegistryRefusal(404, 404, `HTTP 404 Not Found: ${text} is no schema id`)
}

const isReference = (value: unknown): value is SchemaReference => {
  const { name, subject, version } = (value ?? {}) as Partial<SchemaReference>
  return typeof name === 'string' && typeof subject === 'string' && Number.isInteger(version)
}

/** The schema in a request. Rules and metadata are refused: they would be lost. */
export const schemaOf = (body: Body): RegistrySchema => {
  const { schema, schemaType = 'AVRO', references = [] } = body
  for (const key of ['ruleSet', 'metadata'])
    if (body[key] != null) throw refusals.invalidSchema(`${key} is not supported by this registry: leave it out`)
  if (typeof schema !== 'string' || schema === '') throw refusals.invalidSchema('Empty schema')
  const type = schemaType ?? 'AVRO'
  if (typeof type !== 'string' || !isSchemaType(type))
    throw refusals.invalidSchema(`Invalid schema type ${String(type)}: ${schemaTypes.join(', ')} are known`)
  const list = references ?? []
  if (!Array.isArray(list) || !list.every(isReference))
    throw refusals.invalidSchema('Each of the references must have a name, a subject and the number of a version')
  return { type, text: schema, references: list }
}

export const levelOf = (value: unknown): Level => {
  const found = levels.find(level => level === String(value).toUpperCase())
  if (found === undefined) throw refusals.invalidLevel()
  return found
}

export const modeOf = (value: unknown): Mode => {
  const found = modes.find(mode => mode === String(value).toUpperCase())
  if (found === undefined) throw refusals.invalidMode()
  return found
}

/** A positive whole number, when given. */
export const numberOf = (body: Body, name: string): number | undefined => {
  const value = body[name]
  if (value == null || value === -1) return undefined
  if (Number.isInteger(value) && (value as number) > 0) return value as number
  throw refusals.badRequest(`${name} must be a positive whole number, not ${JSON.stringify(value)}`)
}

/** What registries say of a schema: the oldest type and an empty list are left out. */
export const schemaAnswer = (schema: RegistrySchema, text = schema.text) => ({
  ...(schema.type !== 'AVRO' && { schemaType: schema.type }),
  ...(schema.references.length > 0 && { references: schema.references }),
  schema: text,
})

export const versionAnswer = (version: SchemaVersion, text = version.text) => ({
  subject: version.subject,
  version: version.version,
  id: version.id,
  guid: guidOf(version),
  ...schemaAnswer(version, text),
})
