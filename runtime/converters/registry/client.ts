import type { RegistrySchema, ResolvedSchema, SchemaReference, SchemaType } from './format.ts'
import { type RegistryError, RegistryHttp } from './http-client.ts'
import type { RegistryConfig } from './settings.ts'

/** A schema under its id. */
export interface KnownSchema extends ResolvedSchema {
  readonly id: number
}

interface SchemaBody {
  readonly id?: number
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly SchemaReference[]
}

const asRegistry = ({ schema, schemaType, references }: SchemaBody): RegistrySchema => ({
  // Registries leave the oldest type out.
  type: (schemaType ?? 'AVRO') as SchemaType,
  text: schema,
  references: references ?? [],
})

const asBody = ({ type, text, references }: RegistrySchema) => ({
  ...(type !== 'AVRO' && { schemaType: type }),
  ...(references.length > 0 && { references }),
  schema: text,
})

const inPath = encodeURIComponent

/** What converters ask of a schema registry. Answers are not kept here. */
export class RegistryClient {
  readonly #http: RegistryHttp
  readonly #normalize: string

  /** Throws ConfigError. */
  constructor(config: RegistryConfig) {
    this.#http = new RegistryHttp(config)
    this.#normalize = config.normalizeSchemas ? '?normalize=true' : ''
  }

  /** The id of the schema, which is in the subject from now on. Throws RegistryError (incompatible: status 409), RetriableError. */
  async register(subject: string, schema: RegistrySchema): Promise<number> {
    const path = `/subjects/${inPath(subject)}/versions${this.#normalize}`
    const { id } = (await this.#http.ask('POST', path, asBody(schema))) as { id: number }
    return id
  }

  /** Id and version of a schema that is in the subject. Throws RegistryError (not there: status 404), RetriableError. */
  async lookup(subject: string, schema: RegistrySchema): Promise<{ readonly id: number; readonly version: number }> {
    const path = `/subjects/${inPath(subject)}${this.#normalize}`
    return (await this.#http.ask('POST', path, asBody(schema))) as { id: number; version: number }
  }

  /** By id, or GUID as text. Throws RegistryError, RetriableError. */
  async schema(id: number | string, subject?: string): Promise<ResolvedSchema> {
    const path =
      typeof id === 'string'
        ? `/schemas/guids/${inPath(id)}`
        : `/schemas/ids/${id}?fetchMaxId=false${subject === undefined ? '' : `&subject=${inPath(subject)}`}`
    return this.#resolved(asRegistry((await this.#http.ask('GET', path)) as SchemaBody))
  }

  async latest(subject: string): Promise<KnownSchema> {
    const body = (await this.#http.ask('GET', `/subjects/${inPath(subject)}/versions/latest`)) as SchemaBody
    return { ...(await this.#resolved(asRegistry(body))), id: body.id! }
  }

  async #resolved(schema: RegistrySchema): Promise<ResolvedSchema> {
    const resolved = new Map<string, string>()
    const add = async ({ references }: RegistrySchema): Promise<void> => {
      for (const { name, subject, version } of references) {
        if (resolved.has(name)) continue
        const path = `/subjects/${inPath(subject)}/versions/${version}`
        const one = asRegistry((await this.#http.ask('GET', path)) as SchemaBody)
        // What a text refers to stands before it.
        await add(one)
        resolved.set(name, one.text)
      }
    }
    await add(schema)
    return { ...schema, resolved }
  }
}

/** The registry does not know what was asked for. */
export const isUnknown = ({ status }: RegistryError): boolean => status === 404
