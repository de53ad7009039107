import { type ConfigField, type ConfigSpec, camelCase } from '../api/config.ts'
import { ConfigError } from '../api/errors.ts'
import { Secret } from '../api/secret.ts'
import { checkValue, isDistinctList, parseValue, spelledAsDeclared, ValueError } from './parse-value.ts'

/** Settings as text; null as REST lets it through. */
export type Props = Readonly<Record<string, string | null | undefined>>

/** A problem with one setting; the message is whole (it names the key), and never shows a secret. */
export interface Problem {
  readonly key: string
  readonly message: string
}

export interface ParsedField {
  /** undefined when missing or wrong. */
  readonly value: unknown
  readonly problems: readonly string[]
}

const own = (props: Props, key: string): string | null | undefined =>
  Object.hasOwn(props, key) ? props[key] : undefined

/** The text of a setting: under its key, else under the first alias that is there. */
const textOf = (key: string, field: ConfigField<unknown>, props: Props): string | null | undefined => {
  for (const name of [key, ...(field.options.aliases ?? [])]) {
    const text = own(props, name)
    if (text !== undefined) return text
  }
  return undefined
}

const defaultOf = (field: ConfigField<unknown>): unknown => {
  const value = field.options.default
  return field.type === 'PASSWORD' && typeof value === 'string' ? new Secret(value) : value
}

/**
 * One setting by ConfigDef's rules. A null counts as given: what it means is the caller's to say. Parsing drops what is twice in a list
 * of distinct elements, validating tells of it.
 */
export const parseField = (
  key: string,
  field: ConfigField<unknown>,
  props: Props,
  mode: 'validate' | 'parse' = 'validate',
): ParsedField => {
  const ruled = field.options.ownKey ?? key
  const nullProblem = (): string[] => {
    const { min, max, values, ignoreCase, optional, nonNull, checksNull } = field.options
    if (checksNull === true) {
      const problem = checkValue(ruled, field, null)
      return problem === undefined ? [] : [problem]
    }
    if (nonNull === true) return [`Invalid value null for configuration ${ruled}: entry must be non null`]
    if (optional === true) return []
    if (isDistinctList(field)) return [`Configuration '${ruled}' values must not be null.`]
    const invalid = (reason: string) => [`Invalid value null for configuration ${ruled}: ${reason}`]
    // Kafka's validators that name null themselves.
    if (min !== undefined || max !== undefined) return invalid('Value must be non-null')
    if (field.type === 'STRING' && values !== undefined && ignoreCase !== true)
      return invalid(`String must be one of: ${values.join(', ')}`)
    return []
  }
  const text = textOf(key, field, props)
  if (text === undefined) {
    if (field.options.default === undefined && field.options.optional !== true) {
      const missing = `Missing required configuration "${key}" which has no default value.`
      return { value: undefined, problems: mode === 'parse' ? [missing] : [missing, ...nullProblem()] }
    }
    return { value: defaultOf(field), problems: [] }
  }
  if (text === null) return { value: undefined, problems: nullProblem() }
  const said = field.options.says?.(text) ?? []
  if (said.length > 0) return { value: undefined, problems: said }
  try {
    const parsed = parseValue(field.type, text)
    const value = mode === 'parse' && isDistinctList(field) ? [...new Set(parsed as readonly string[])] : parsed
    const problem = checkValue(ruled, field, value)
    return { value, problems: problem === undefined ? [] : [problem] }
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    const shown = field.type === 'PASSWORD' ? '[hidden]' : text
    return {
      value: undefined,
      problems: [`Invalid value ${shown} for configuration ${key}: ${error.message}`, ...nullProblem()],
    }
  }
}

/**
 * All declared settings. `config` has a member per key in camel case (`redis.hosts` -> `redisHosts`); it may be used only
 * when there are no problems. A null is a problem where a value is required: a plugin must never meet one.
 */
export const parseConfig = (
  spec: ConfigSpec,
  props: Props,
): { readonly config: Record<string, unknown>; readonly problems: readonly Problem[] } => {
  const config: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [key, field] of Object.entries(spec)) {
    const { value, problems: wrong } = parseField(key, field, props, 'parse')
    for (const message of wrong) problems.push({ key, message })
    const missing =
      value === undefined &&
      wrong.length === 0 &&
      field.options.optional !== true &&
      field.options.default === undefined
    if (missing) problems.push({ key, message: `Invalid value null for configuration ${key}: a value is required` })
    config[camelCase(key)] =
      value === undefined && wrong.length === 0 ? defaultOf(field) : spelledAsDeclared(field, value)
  }
  return { config, problems }
}

/** The parsed config, or a ConfigError with the first problem, as ConfigDef's parse has it; validation tells of all. */
export const parseOrThrow = (spec: ConfigSpec, props: Props): Record<string, unknown> => {
  const { config, problems } = parseConfig(spec, props)
  if (problems.length > 0) throw new ConfigError(problems[0]!.message, { key: problems[0]!.key })
  return config
}
