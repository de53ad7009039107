import type { Log } from '../api/context.ts'
import { DataError } from '../api/errors.ts'
import type { RegistrySchema, ResolvedSchema } from '../converters/registry/format.ts'
import { contentOf } from './content.ts'
import { refusals } from './errors.ts'
import { sortedJson } from './exact-json.ts'
import { formatOf } from './formats.ts'
import {
  deleteSubjectKey,
  deleteSubjectValue,
  isRegistryKey,
  type Level,
  type Mode,
  type RegistryConfig,
  type SchemaVersion,
  schemaKey,
  schemaValue,
  settingKey,
} from './records.ts'
import { RegistryState } from './state.ts'
import type { RegistryStore, StoredRecord } from './store.ts'

/** `latest`: the last that is not deleted. */
export type VersionId = number | 'latest'

export interface RegisterOptions {
  readonly normalize: boolean
  /** Given by the client; in mode IMPORT only, and there required. */
  readonly id?: number
  readonly version?: number
}

/** A schema registry on a store. Every method throws RegistryRefusal for what a client has to hear. */
export class SchemaRegistry {
  readonly #store: RegistryStore
  readonly #state = new RegistryState()
  /** One change at a time: what a change was decided on must still be so when it is written. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Records that cannot be read, by key, with the reasons. */
  readonly #unreadable = new Map<string, string>()
  readonly #log: Log | undefined

  constructor(store: RegistryStore, log?: Log) {
    this.#store = store
    this.#log = log
  }

  start(): Promise<void> {
    return this.#store.start(record => this.#apply(record))
  }

  /** What cannot be read is told and passed over; where it is a registry's, nothing is changed until it is gone. */
  #apply(record: StoredRecord): void {
    const { key } = record
    try {
      this.#state.apply(record)
      this.#unreadable.delete(key)
    } catch (error) {
      const reason = (error as Error).message
      if (isRegistryKey(key)) this.#unreadable.set(key, reason)
      this.#log?.warn("A record in the schema registry's topic cannot be read", { key, reason })
    }
  }

  /** Ids that were given on without such a record could be given twice. */
  #checkReadable(): void {
    for (const [key, reason] of this.#unreadable)
      throw refusals.storeFailed(
        `the record with the key ${key} cannot be read (${reason}): write it again, or a null value in its place`,
      )
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#store.stop()
  }

  /** What is known, others' writes that were durable at the call included. */
  async read(): Promise<RegistryState> {
    await this.#store.sync()
    return this.#state
  }

  #change<T>(decide: (state: RegistryState) => readonly [records: readonly StoredRecord[], answer: T]): Promise<T> {
    const done = this.#turn.then(async () => {
      const [records, answer] = decide(await this.read())
      if (records.length > 0) {
        this.#checkReadable()
        await this.#store.append(records)
      }
      return answer
    })
    this.#turn = done.catch(() => {})
    return done
  }

  /** The version that holds the schema from now on; the one that holds it already when there is one. */
  register(subject: string, given: RegistrySchema, options: RegisterOptions): Promise<SchemaVersion> {
    return this.#change(state => {
      const schema = this.#canonical(state, given, options.normalize || state.normalizes(subject))
      const all = state.versions(subject)
      const kept = all.filter(({ deleted }) => !deleted)
      const same = kept.find(version => sameSchema(version, schema))
      if (same !== undefined && (options.id === undefined || options.id === same.id)) return [[], same]
      // After that: who writes with a schema that is there goes on while nothing may be changed.
      const mode = checkWritable(state, subject)
      const id = idFor(state, schema, mode, options, subject)
      if (mode !== 'IMPORT') {
        const details = this.#problems(state, state.level(subject), schema, kept)
        if (details.length > 0) throw refusals.incompatible(subject, details)
      }
      const version = (mode === 'IMPORT' ? options.version : undefined) ?? (all.at(-1)?.version ?? 0) + 1
      const made = { ...asStored(schema), subject, version, id, deleted: false }
      return [[{ key: schemaKey(subject, version), value: schemaValue(made) }], made]
    })
  }

  /** Where the subject holds the schema. */
  async lookup(subject: string, given: RegistrySchema, normalize: boolean, deleted: boolean): Promise<SchemaVersion> {
    const state = await this.read()
    const versions = versionsOf(state, subject, deleted)
    const schema = this.#canonical(state, given, normalize || state.normalizes(subject))
    const found = versions.findLast(version => sameSchema(version, schema))
    if (found === undefined) throw refusals.schemaNotFound()
    return found
  }

  async version(subject: string, id: VersionId, deleted: boolean): Promise<SchemaVersion> {
    return versionIn(await this.read(), subject, id, deleted)
  }

  /** The numbers of the versions that were deleted. */
  deleteSubject(subject: string, permanent: boolean): Promise<readonly number[]> {
    return this.#change(state => {
      checkWritable(state, subject)
      const all = versionsOf(state, subject, true)
      const kept = all.filter(({ deleted }) => !deleted)
      for (const { version } of permanent ? all : kept) checkNotReferenced(state, subject, version)
      if (permanent) {
        if (kept.length > 0) throw refusals.subjectNotSoftDeleted(subject)
        return [
          [
            ...all.map(({ version }) => ({ key: schemaKey(subject, version), value: null })),
            { key: deleteSubjectKey(subject), value: null },
          ],
          all.map(({ version }) => version),
        ]
      }
      if (kept.length === 0) throw refusals.subjectSoftDeleted(subject)
      return [
        [
          { key: deleteSubjectKey(subject), value: deleteSubjectValue(subject, kept.at(-1)!.version) },
          ...withoutSettings(state, subject),
        ],
        kept.map(({ version }) => version),
      ]
    })
  }

  deleteVersion(subject: string, id: VersionId, permanent: boolean): Promise<number> {
    return this.#change(state => {
      checkWritable(state, subject)
      const found = versionIn(state, subject, id, true)
      const { version } = found
      checkNotReferenced(state, subject, version)
      const key = schemaKey(subject, version)
      if (permanent) {
        if (!found.deleted) throw refusals.versionNotSoftDeleted(subject, version)
        return [[{ key, value: null }], version]
      }
      if (found.deleted) throw refusals.versionSoftDeleted(subject, version)
      const isLast = state.versions(subject).every(other => other.deleted || other.version === version)
      return [
        [{ key, value: schemaValue({ ...found, deleted: true }) }, ...(isLast ? withoutSettings(state, subject) : [])],
        version,
      ]
    })
  }

  /** Why the schema does not fit, by the level that holds for the subject; empty: it does. Undefined version: all of them. */
  async compatibility(
    subject: string,
    given: RegistrySchema,
    id: VersionId | undefined,
    normalize: boolean,
  ): Promise<readonly string[]> {
    const state = await this.read()
    const schema = this.#canonical(state, given, normalize || state.normalizes(subject))
    const kept = state.versions(subject).filter(({ deleted }) => !deleted)
    const level = state.level(subject)
    if (id === undefined || (id === 'latest' && kept.length === 0)) return this.#problems(state, level, schema, kept)
    if (kept.length === 0) throw refusals.versionNotFound(id)
    return this.#problems(state, level, schema, [versionIn(state, subject, id, false)])
  }

  /** Null subject: the whole registry. Settings that are not given stay. */
  setConfig(subject: string | null, config: RegistryConfig): Promise<void> {
    return this.#change(state => {
      if (effectiveMode(state, subject) === 'READONLY') throw readOnly(subject)
      const value = JSON.stringify({ ...state.config(subject), ...config })
      return [[{ key: settingKey('CONFIG', subject), value }], undefined]
    })
  }

  /** The settings that were there. */
  deleteConfig(subject: string | null): Promise<RegistryConfig> {
    return this.#change(state => {
      const config = state.config(subject)
      if (config === undefined && subject !== null) throw refusals.noSubjectConfig(subject)
      return [[{ key: settingKey('CONFIG', subject), value: null }], config ?? {}]
    })
  }

  /** IMPORT needs an empty subject (or registry), unless forced: its ids could be others'. */
  setMode(subject: string | null, mode: Mode, force: boolean): Promise<void> {
    return this.#change(state => {
      if (mode === 'IMPORT' && !force && effectiveMode(state, subject) !== 'IMPORT') {
        const names = subject === null ? state.subjects() : [subject]
        if (names.some(name => state.versions(name).some(({ deleted }) => !deleted)))
          throw refusals.notPermitted('Cannot import since found existing subjects')
      }
      return [[{ key: settingKey('MODE', subject), value: JSON.stringify({ mode }) }], undefined]
    })
  }

  /** The mode that was there. */
  deleteMode(subject: string | null): Promise<Mode> {
    return this.#change(state => {
      const mode = state.mode(subject)
      if (mode === undefined && subject !== null) throw refusals.noSubjectMode(subject)
      return [[{ key: settingKey('MODE', subject), value: null }], mode ?? 'READWRITE']
    })
  }

  #canonical(state: RegistryState, given: RegistrySchema, normalize: boolean): ResolvedSchema {
    const resolved = resolve(state, given)
    try {
      const text = formatOf(given.type).canonical(resolved)
      return { ...resolved, text: normalize && given.type === 'JSON' ? sortedJson(text) : text }
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      throw refusals.invalidSchema(`Invalid schema of type ${given.type}: ${error.message}`)
    }
  }

  #problems(
    state: RegistryState,
    level: Level,
    schema: ResolvedSchema,
    versions: readonly SchemaVersion[],
  ): readonly string[] {
    if (level === 'NONE') return []
    const found: string[] = []
    for (const older of level.endsWith('_TRANSITIVE') ? versions : versions.slice(-1)) {
      const place = `version ${older.version} of ${older.subject}`
      if (older.type !== schema.type) {
        found.push(`${place} has schema type ${older.type}, the new schema ${schema.type}`)
        continue
      }
      const { problems } = formatOf(schema.type)
      const before = resolve(state, older)
      if (!level.startsWith('FORWARD'))
        found.push(...problems(schema, before).map(problem => `the new schema cannot read ${place}: ${problem}`))
      if (!level.startsWith('BACKWARD'))
        found.push(...problems(before, schema).map(problem => `${place} cannot read the new schema: ${problem}`))
    }
    return found
  }
}

const sameSchema = (one: RegistrySchema, other: RegistrySchema): boolean => contentOf(one) === contentOf(other)

/** Without what else a client may have sent. */
const asStored = ({ type, text, references }: RegistrySchema): RegistrySchema => ({
  type,
  text,
  references: references.map(({ name, subject, version }) => ({ name, subject, version })),
})

/** With the texts of all it refers to; what a text refers to stands before it. */
const resolve = (state: RegistryState, given: RegistrySchema): ResolvedSchema => {
  const resolved = new Map<string, string>()
  const add = ({ references }: RegistrySchema): void => {
    for (const { name, subject, version } of references) {
      if (resolved.has(name)) continue
      const found = state.versions(subject).find(one => one.version === version)
      if (found === undefined)
        throw refusals.invalidSchema(
          `Invalid schema: the reference ${name} to version ${version} of ${subject} is not there`,
        )
      add(found)
      resolved.set(name, found.text)
    }
  }
  const schema = asStored(given)
  add(schema)
  return { ...schema, resolved }
}

/** The text of a stored schema, in a form of its format that a client asks for where there is one of that name. */
export const textAs = (state: RegistryState, schema: RegistrySchema, form: string | undefined): string => {
  const { forms = {} } = formatOf(schema.type)
  if (form === undefined || !Object.hasOwn(forms, form)) return schema.text
  try {
    return forms[form]!(resolve(state, schema))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw refusals.invalidSchema(`The schema has no form ${form}: ${error.message}`)
  }
}

const effectiveMode = (state: RegistryState, subject: string | null): Mode =>
  state.mode(subject) ?? state.mode(null) ?? 'READWRITE'

const readOnly = (subject: string | null) =>
  refusals.notPermitted(
    subject === null ? 'The registry is in read-only mode' : `Subject ${subject} is in read-only mode`,
  )

const checkWritable = (state: RegistryState, subject: string): Mode => {
  const mode = effectiveMode(state, subject)
  if (mode === 'READONLY') throw readOnly(subject)
  return mode
}

const idFor = (
  state: RegistryState,
  schema: RegistrySchema,
  mode: Mode,
  { id }: RegisterOptions,
  subject: string,
): number => {
  if (id === undefined) {
    if (mode === 'IMPORT')
      throw refusals.notPermitted(`Subject ${subject} is in import mode: the schema's id must be given`)
    return state.idOf(schema) ?? state.maxId + 1
  }
  if (mode !== 'IMPORT') throw refusals.notPermitted(`Subject ${subject} is not in import mode`)
  const held = state.schema(id)
  if (held !== undefined && state.idOf(schema) !== id)
    throw refusals.idConflict(`Overwrite new schema with id ${id} is not permitted.`)
  return id
}

const checkNotReferenced = (state: RegistryState, subject: string, version: number): void => {
  if (state.referencing(subject, version).length > 0) throw refusals.referenced(subject, version)
}

/** A subject's own settings go with its last version. */
const withoutSettings = (state: RegistryState, subject: string): readonly StoredRecord[] => [
  ...(state.config(subject) === undefined ? [] : [{ key: settingKey('CONFIG', subject), value: null }]),
  ...(state.mode(subject) === undefined ? [] : [{ key: settingKey('MODE', subject), value: null }]),
]

/** Throws when the subject holds none. */
export const versionsOf = (state: RegistryState, subject: string, deleted: boolean): readonly SchemaVersion[] => {
  const versions = state.versions(subject).filter(version => deleted || !version.deleted)
  if (versions.length === 0) throw refusals.subjectNotFound(subject)
  return versions
}

const versionIn = (state: RegistryState, subject: string, id: VersionId, deleted: boolean): SchemaVersion => {
  const versions = versionsOf(state, subject, deleted)
  const found =
    id === 'latest'
      ? (versions.findLast(one => !one.deleted) ?? versions.at(-1))
      : versions.find(one => one.version === id)
  if (found === undefined) throw refusals.versionNotFound(id)
  return found
}
