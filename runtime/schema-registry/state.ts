import type { RegistrySchema } from '../converters/registry/format.ts'
import { contentOf, guidOf } from './content.ts'
import {
  type Level,
  levels,
  type Mode,
  modes,
  type ParsedKey,
  type ParsedValue,
  type RegistryConfig,
  type SchemaVersion,
} from './records.ts'
import type { StoredRecord } from './store.ts'

const isPositive = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0

const known = <T>(values: readonly T[], value: T, what: string): T => {
  if (values.includes(value)) return value
  throw new Error(`the ${what} ${String(value)} is not known`)
}

/** What the records of the log say, in the order they stand there. */
export class RegistryState {
  readonly #subjects = new Map<string, Map<number, SchemaVersion>>()
  /** Kept while a version is soft deleted: data with these ids may still be around. */
  readonly #ids = new Map<number, RegistrySchema>()
  readonly #idOf = new Map<string, number>()
  readonly #byGuid = new Map<string, number>()
  readonly #configs = new Map<string | null, RegistryConfig>()
  readonly #modes = new Map<string | null, Mode>()
  #maxId = 0

  get maxId(): number {
    return this.#maxId
  }

  /** Throws for what is no record of a registry; then nothing has changed. */
  apply({ key, value }: StoredRecord): void {
    const { keytype, subject, version } = JSON.parse(key) as ParsedKey
    const parsed = value === null ? null : (JSON.parse(value) as ParsedValue)
    switch (keytype) {
      case 'SCHEMA':
        this.#applySchema(subject!, version!, parsed)
        break
      case 'DELETE_SUBJECT':
        for (const one of this.versions(subject!))
          if (parsed !== null && one.version <= parsed.version!) this.#put({ ...one, deleted: true })
        break
      case 'CONFIG':
        if (parsed === null) this.#configs.delete(subject)
        else
          this.#configs.set(subject, {
            ...(parsed.compatibilityLevel != null && {
              compatibilityLevel: known(levels, parsed.compatibilityLevel, 'compatibility level'),
            }),
            ...(parsed.normalize != null && { normalize: parsed.normalize }),
          })
        break
      case 'MODE':
        if (parsed?.mode === undefined) this.#modes.delete(subject)
        else this.#modes.set(subject, known(modes, parsed.mode, 'mode'))
        break
      default:
      // NOOP, and kinds of later registries that we know nothing of.
    }
  }

  #applySchema(subject: string, version: number, value: ParsedValue | null): void {
    if (value === null) {
      this.#remove(subject, version)
      return
    }
    const { id, schemaType, references, schema: text, deleted } = value
    if (typeof subject !== 'string' || !isPositive(version) || !isPositive(id) || typeof text !== 'string')
      throw new Error('a schema needs a subject, a version, an id and its text')
    this.#put({
      subject,
      version,
      id,
      type: schemaType ?? 'AVRO',
      references: references ?? [],
      text,
      deleted: deleted ?? false,
    })
  }

  /** An id goes with its last version: a registry that starts after compaction would not know it either. */
  #remove(subject: string, version: number): void {
    const versions = this.#subjects.get(subject)
    const gone = versions?.get(version)
    if (versions === undefined || gone === undefined) return
    versions.delete(version)
    if (versions.size === 0) this.#subjects.delete(subject)
    if (this.withId(gone.id).length > 0) return
    this.#ids.delete(gone.id)
    this.#idOf.delete(contentOf(gone))
    this.#byGuid.delete(guidOf(gone))
  }

  #put(schema: SchemaVersion): void {
    const { subject, version, id, type, text, references } = schema
    const versions = this.#subjects.get(subject) ?? new Map<number, SchemaVersion>()
    this.#subjects.set(subject, versions.set(version, schema))
    const content = contentOf(schema)
    if (!this.#ids.has(id)) this.#ids.set(id, { type, text, references })
    if (!this.#idOf.has(content)) this.#idOf.set(content, id)
    this.#byGuid.set(guidOf(schema), id)
    this.#maxId = Math.max(this.#maxId, id)
  }

  schema(id: number): RegistrySchema | undefined {
    return this.#ids.get(id)
  }

  idOf(schema: RegistrySchema): number | undefined {
    return this.#idOf.get(contentOf(schema))
  }

  idOfGuid(guid: string): number | undefined {
    return this.#byGuid.get(guid.toLowerCase())
  }

  /** Deleted ones included, in order of their numbers. */
  versions(subject: string): readonly SchemaVersion[] {
    return [...(this.#subjects.get(subject)?.values() ?? [])].sort((a, b) => a.version - b.version)
  }

  /** In the order of their names, those that are soft deleted included. */
  subjects(): readonly string[] {
    return [...this.#subjects.keys()].sort()
  }

  config(subject: string | null): RegistryConfig | undefined {
    return this.#configs.get(subject)
  }

  mode(subject: string | null): Mode | undefined {
    return this.#modes.get(subject)
  }

  level(subject: string): Level {
    return this.config(subject)?.compatibilityLevel ?? this.config(null)?.compatibilityLevel ?? 'BACKWARD'
  }

  normalizes(subject: string): boolean {
    return this.config(subject)?.normalize ?? this.config(null)?.normalize ?? false
  }

  /** Deleted ones included. */
  withId(id: number): readonly SchemaVersion[] {
    return this.subjects().flatMap(subject => this.versions(subject).filter(version => version.id === id))
  }

  /** Versions that are not deleted and refer to this one. */
  referencing(subject: string, version: number): readonly SchemaVersion[] {
    return this.subjects()
      .flatMap(name => this.versions(name))
      .filter(
        ({ deleted, references }) =>
          !deleted && references.some(reference => reference.subject === subject && reference.version === version),
      )
  }
}
