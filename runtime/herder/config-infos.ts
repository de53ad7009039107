import type { ConfigField, ConfigSpec } from '../api/config.ts'
import { Secret } from '../api/secret.ts'
import { frameworkOrder } from '../config/connector-config.ts'
import { type ParsedField, type Props, parseField } from '../config/parse.ts'
import { valueHint } from './advice.ts'
import type { ConfigInfos, ConfigKeyInfo, ConfigValueInfo } from './entities.ts'

/** A value as REST shows it: lists with commas, secrets hidden. */
export const shownValue = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (value instanceof Secret) return '[hidden]'
  return Array.isArray(value) ? value.join(',') : String(value)
}

const shownDefault = (field: ConfigField<unknown>): string | null => {
  const value = field.options.default
  if (value === undefined) return null
  return field.type === 'PASSWORD' ? '[hidden]' : shownValue(value)
}

/** A declaration as REST shows it; `order` counts within the group. */
export const keyInfo = (name: string, field: ConfigField<unknown>, order: number): ConfigKeyInfo => {
  const { options, type, doc } = field
  return {
    name,
    type,
    required: options.default === undefined && options.optional !== true,
    default_value: shownDefault(field),
    importance: options.importance ?? 'MEDIUM',
    documentation: doc,
    group: options.group ?? null,
    width: options.width ?? 'NONE',
    display_name: options.displayName ?? name,
    dependents: options.dependents ?? [],
    order_in_group: options.group === undefined ? -1 : order,
  }
}

/** Declarations in order, each with its place in its group: the framework's from 1, a plugin's from 0. */
export const keyInfos = (spec: ConfigSpec): ConfigKeyInfo[] => {
  const counts = new Map<string, number>()
  return Object.entries(spec).map(([name, field]) => {
    const group = field.options.group ?? ''
    const next = counts.get(group) ?? 0
    const framework = frameworkOrder[name]
    if (framework === undefined) counts.set(group, next + 1)
    return keyInfo(name, field, framework ?? next)
  })
}

interface Entry {
  definition: ConfigKeyInfo | null
  readonly field: ConfigField<unknown>
  parsed: ParsedField
  /** Errors beside those of parsing. */
  readonly extra: string[]
  recommended: readonly string[]
  value?: Partial<ConfigValueInfo>
}

const nothing: ParsedField = { value: undefined, problems: [] }

/** Collects definitions, values and errors to the answer of a validation. */
export class Validation {
  readonly #entries = new Map<string, Entry>()
  readonly #undefined = new Map<string, string[]>()
  readonly #parts: { readonly shown: ConfigInfos['configs']; readonly groups: readonly string[] }[] = []
  readonly #props: Props

  constructor(props: Props) {
    this.#props = props
  }

  /** Parses the settings of a spec; a later declaration of a key replaces an earlier one in its place, errors included. */
  add(spec: ConfigSpec, infos: readonly ConfigKeyInfo[] = keyInfos(spec)): void {
    for (const definition of infos) {
      const field = spec[definition.name]!
      this.#entries.set(definition.name, {
        definition,
        field,
        parsed: parseField(definition.name, field, this.#props),
        extra: [],
        recommended: field.options.recommended ?? [],
      })
    }
  }

  /** Adds an error to a setting, declared or not. */
  error(key: string, message: string): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) entry.extra.push(message)
    else this.#undefined.set(key, [...(this.#undefined.get(key) ?? []), message])
  }

  /** What only the framework knows of a declared setting. */
  amend(
    key: string,
    known: {
      readonly defaultValue?: string | null
      readonly value?: string | null
      readonly recommended?: readonly string[]
      readonly visible?: boolean
    },
  ): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const { defaultValue, value, recommended, visible } = known
    if (defaultValue !== undefined && entry.definition !== null)
      entry.definition = { ...entry.definition, default_value: defaultValue }
    if (recommended !== undefined) entry.recommended = recommended
    entry.value = {
      ...entry.value,
      ...(value !== undefined && { value }),
      ...(visible !== undefined && { visible }),
    }
  }

  /** Entries of client overrides or a converter: they come last, and count by settings with errors, not by errors. */
  part(shown: ConfigInfos['configs'], groups: readonly string[] = []): void {
    this.#parts.push({ shown, groups })
  }

  value(key: string): unknown {
    return this.#entries.get(key)?.parsed.value
  }

  /** Whether parsing this spec found nothing wrong. */
  clean(spec: ConfigSpec): boolean {
    return Object.keys(spec).every(key => {
      const entry = this.#entries.get(key)
      return entry === undefined || entry.parsed.problems.length + entry.extra.length === 0
    })
  }

  result(name: string): ConfigInfos {
    const missing = Array.from(this.#undefined, ([key, errors]) => ({
      definition: null,
      value: valueInfo(key, this.#props[key], errors),
    }))
    const known = Array.from(this.#entries, ([key, { definition, field, parsed, extra, recommended, value }]) => {
      const errors = [...parsed.problems, ...extra]
      const hint = errors.length === 0 ? undefined : valueHint(field, this.#props[key], recommended)
      return {
        definition,
        value: {
          ...valueInfo(key, parsed.value, errors),
          recommended_values: recommended,
          ...value,
          ...(hint !== undefined && { hint }),
        },
      }
    })
    const groups = known.flatMap(({ definition }) =>
      definition === null || definition.group === null ? [] : [definition.group],
    )
    const main = [...missing, ...known]
    const rest = this.#parts.flatMap(({ shown }) => shown)
    return {
      name,
      error_count:
        main.reduce((count, { value }) => count + value.errors.length, 0) +
        rest.filter(({ value }) => value.errors.length > 0).length,
      groups: [...new Set([...groups, ...this.#parts.flatMap(part => part.groups)])],
      configs: [...main, ...rest],
    }
  }
}

/** A value as REST shows it, seen and without recommendations. */
export const valueInfo = (
  name: string,
  value: unknown,
  errors: readonly string[] = nothing.problems,
): ConfigValueInfo => ({
  name,
  value: shownValue(value),
  recommended_values: [],
  errors,
  visible: true,
})
