import type { RegistrySchema, ResolvedSchema, SchemaReference, SchemaType } from './format.ts'
import { RegistryHttp } from './http-client.ts'
import { type RulePhase, type RuleSet, refuseRules } from './rules.ts'
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
  readonly ruleSet?: RuleSet | null
}

/** Where a subject holds a schema. */
interface Found {
  readonly id: number
  readonly version: number
  readonly ruleSet?: RuleSet | null
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

/** What converters ask of a schema registry. Answers are not kept here. Each call ends with AbortedError when its signal aborts. */
export class RegistryClient {
  readonly #http: RegistryHttp
  readonly #normalize: string

  /** `originals`: the settings as given, for those with a name of the user's. Throws ConfigError. */
  constructor(config: RegistryConfig, originals: Readonly<Record<string, string>>) {
    this.#http = new RegistryHttp(config, originals)
    this.#normalize = config.normalizeSchemas ? '?normalize=true' : ''
  }

  /** The id of the schema, which is in the subject from now on. Throws RegistryError (incompatible: status 409), RetriableError. */
  async register(subject: string, schema: RegistrySchema, signal?: AbortSignal): Promise<number> {
    const path = `/subjects/${inPath(subject)}/versions${this.#normalize}`
    const { id } = (await this.#http.ask('POST', path, signal, asBody(schema))) as { id: number }
    return id
  }

  /** Id and version of a schema that is in the subject, rules or not. Throws RegistryError (not there: status 404), RetriableError. */
  async lookup(subject: string, schema: RegistrySchema, signal?: AbortSignal): Promise<Found> {
    const path = `/subjects/${inPath(subject)}${this.#normalize}`
    return (await this.#http.ask('POST', path, signal, asBody(schema))) as Found
  }

  /** To read with: by id, or GUID as text. Throws RegistryError, RetriableError, DataError for rules that would have to run. */
  schema(id: number | string, signal?: AbortSignal): Promise<ResolvedSchema> {
    const path = typeof id === 'string' ? `/schemas/guids/${inPath(id)}` : `/schemas/ids/${id}?fetchMaxId=false`
    return this.#schemaAt(path, 'READ', signal)
  }

  /** To write with: the one of an id. Throws as `schema`. */
  schemaOf(id: number, subject: string, signal?: AbortSignal): Promise<ResolvedSchema> {
    return this.#schemaAt(`/schemas/ids/${id}?fetchMaxId=false&subject=${inPath(subject)}`, 'WRITE', signal)
  }

  async #schemaAt(path: string, phase: RulePhase, signal: AbortSignal | undefined): Promise<ResolvedSchema> {
    const body = (await this.#http.ask('GET', path, signal)) as SchemaBody
    refuseRules(body.ruleSet, phase)
    return this.#resolved(asRegistry(body), signal)
  }

  /** To write with: the newest of a subject. Throws as `schema`. */
  async latest(subject: string, signal?: AbortSignal): Promise<KnownSchema> {
    const body = (await this.#http.ask('GET', `/subjects/${inPath(subject)}/versions/latest`, signal)) as SchemaBody
    refuseRules(body.ruleSet, 'WRITE')
    return { ...(await this.#resolved(asRegistry(body), signal)), id: body.id! }
  }

  /** Ends what is asked at the moment. */
  close(): void {
    this.#http.close()
  }

  async #resolved(schema: RegistrySchema, signal: AbortSignal | undefined): Promise<ResolvedSchema> {
    const resolved = new Map<string, string>()
    const add = async ({ references }: RegistrySchema): Promise<void> => {
      for (const { name, subject, version } of references) {
        if (resolved.has(name)) continue
        const path = `/subjects/${inPath(subject)}/versions/${version}`
        const one = asRegistry((await this.#http.ask('GET', path, signal)) as SchemaBody)
        // What a text refers to stands before it.
        await add(one)
        resolved.set(name, one.text)
      }
    }
    await add(schema)
    return { ...schema, resolved }
  }
}
