import type { ConfigField, ConfigSpec } from '../api/config.ts'
import { Secret } from '../api/secret.ts'
import { type ParsedField, type Props, parseField } from '../config/parse.ts'
import type { ConfigInfos, ConfigKeyInfo } from './entities.ts'

/** A value as REST shows it: lists with commas, secrets hidden. */
const shownValue = (value: unknown): string | null => {
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

/** Declarations in order, each with its place in its group. */
export const keyInfos = (spec: ConfigSpec): ConfigKeyInfo[] => {
  const counts = new Map<string, number>()
  return Object.entries(spec).map(([name, field]) => {
    const group = field.options.group ?? ''
    const order = (counts.get(group) ?? 0) + 1
    counts.set(group, order)
    return keyInfo(name, field, order)
  })
}

/** Collects definitions, values and errors to the answer of a validation. */
export class Validation {
  readonly #spec: Record<string, ConfigField<unknown>> = {}
  readonly #parsed = new Map<string, ParsedField>()
  readonly #extra = new Map<string, string[]>()
  readonly #recommended = new Map<string, readonly string[]>()
  readonly #props: Props

  constructor(props: Props) {
    this.#props = props
  }

  /** Parses the settings of a spec; a later declaration of a key replaces an earlier one in its place. */
  add(spec: ConfigSpec): void {
    for (const [key, field] of Object.entries(spec)) {
      this.#spec[key] = field
      this.#parsed.set(key, parseField(key, field, this.#props))
    }
  }

  error(key: string, message: string): void {
    this.#extra.set(key, [...(this.#extra.get(key) ?? []), message])
  }

  recommend(key: string, values: readonly string[]): void {
    this.#recommended.set(key, values)
  }

  value(key: string): unknown {
    return this.#parsed.get(key)?.value
  }

  /** Whether parsing this spec found nothing wrong. */
  clean(spec: ConfigSpec): boolean {
    return Object.keys(spec).every(key => this.errors(key).length === 0)
  }

  errors(key: string): readonly string[] {
    return [...(this.#parsed.get(key)?.problems ?? []), ...(this.#extra.get(key) ?? [])]
  }

  /** Every error, in order of the answer. */
  allErrors(): readonly string[] {
    return this.result('').configs.flatMap(({ value }) => value.errors)
  }

  result(name: string): ConfigInfos {
    const undefinedKeys = [...this.#extra.keys()].filter(key => this.#spec[key] === undefined)
    const unknown = undefinedKeys.map(key => ({
      definition: null,
      value: {
        name: key,
        value: shownValue(this.#props[key]),
        recommended_values: [],
        errors: this.errors(key),
        visible: true,
      },
    }))
    const known = keyInfos(this.#spec).map(definition => ({
      definition,
      value: {
        name: definition.name,
        value: shownValue(this.value(definition.name)),
        recommended_values: this.#recommended.get(definition.name) ?? this.#spec[definition.name]!.options.values ?? [],
        errors: this.errors(definition.name),
        visible: true,
      },
    }))
    const configs = [...unknown, ...known]
    return {
      name,
      error_count: configs.reduce((count, { value }) => count + value.errors.length, 0),
      groups: [...new Set(known.flatMap(({ definition }) => (definition.group === null ? [] : [definition.group])))],
      configs,
    }
  }
}
