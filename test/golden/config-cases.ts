import { ConfigError, type ConfigField, type ConfigType } from '../../runtime/api/index.ts'
import { Secret } from '../../runtime/api/secret.ts'
import { controls, sourceSpec } from '../../runtime/config/connector-config.ts'
import { type ParsedField, parseField } from '../../runtime/config/parse.ts'
import { keyInfos, Validation } from '../../runtime/herder/config-infos.ts'
import { converterInfos, validateConverters, validateStages } from '../../runtime/herder/validate-plugins.ts'
import { loadPlugin } from '../../runtime/plugins/load.ts'
import { PluginRegistry } from '../../runtime/plugins/registry.ts'
import { difference, type Json } from './vectors.ts'

type Members = Readonly<Record<string, Json>>
type Props = Readonly<Record<string, string | null>>

interface Definition {
  readonly type: ConfigType
  readonly default?: string | null | readonly string[]
  readonly validator?: { readonly kind: string; readonly args: readonly string[] }
}

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The plugins that this package brings. */
export const registry: PluginRegistry = await PluginRegistry.open({ log })

const validatorOptions = ({ kind, args }: NonNullable<Definition['validator']>): object => {
  switch (kind) {
    case 'between':
      return { min: Number(args[0]), max: Number(args[1]) }
    case 'atLeast':
      return { min: Number(args[0]) }
    case 'in':
    case 'listIn':
      return { values: args }
    case 'inIgnoreCase':
      return { values: args, ignoreCase: true }
    case 'nonEmpty':
      return { nonEmpty: true }
    case 'nonNull':
      return { nonNull: true }
    case 'noControl':
      return { check: controls }
    case 'listAnyNonDuplicate':
      return { distinct: true, nonEmpty: args[0] === 'false', optional: args[1] === 'true' }
    default:
      throw new Error(`The vectors have a validator of an unknown kind: ${kind}`)
  }
}

const fieldOf = (key: string, { type, default: standIn, validator }: Definition): ConfigField<unknown> => {
  const plain: ConfigField<unknown> = { type, doc: 'd', options: {} }
  const given =
    standIn === undefined
      ? {}
      : standIn === null
        ? { optional: true }
        : { default: typeof standIn === 'string' ? parseField(key, plain, { [key]: standIn }).value : standIn }
  const options: object = { ...given, ...(validator !== undefined && validatorOptions(validator)) }
  return { type, doc: 'd', options }
}

/** Ours is the name of a class: whether there is such a plugin the registry knows. */
const parsed = (key: string, field: ConfigField<unknown>, props: Props, mode: 'parse' | 'validate'): ParsedField => {
  const found = parseField(key, field, props, mode)
  if (field.type !== 'CLASS' || typeof found.value !== 'string') return found
  const known = registry.lookup(found.value)
  if (known !== undefined) return { value: known.location.class, problems: [] }
  // A name that is no plugin's is taken as it is where a class of the Java platform is asked for.
  if (found.value.startsWith('java.')) return found
  const problem = `Invalid value ${props[key]} for configuration ${key}: Class ${props[key]} could not be found.`
  return { value: undefined, problems: [problem] }
}

const orThrow = ({ value, problems }: ParsedField): unknown => {
  if (problems.length > 0) throw new ConfigError(problems[0]!)
  return value
}

const valueDifference = (expected: Json, value: unknown, at: string): string | undefined => {
  if (expected !== null && typeof expected === 'object' && 'password' in expected) {
    const { password, text } = expected as Members
    return value instanceof Secret && value.reveal() === password && String(value) === text
      ? undefined
      : `${at}: expected a password`
  }
  const json = expected !== null && typeof expected === 'object' && 'class' in expected ? expected['class']! : expected
  return difference(json, value, at)
}

const same = (expected: unknown, actual: unknown, at: string): string | undefined =>
  JSON.stringify(expected) === JSON.stringify(actual)
    ? undefined
    : `${at}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`

const first = (differences: readonly (string | undefined)[]): string | undefined =>
  differences.find(one => one !== undefined)

export interface ConfigCase {
  readonly op: string
  readonly class?: string
  readonly key?: string
  readonly type?: ConfigType
  readonly mode?: 'parse' | 'validate'
  readonly value?: Json
  readonly def?: Readonly<Record<string, Definition>>
  readonly config: Props
  readonly result: {
    readonly value?: Json
    readonly values?: Members
    readonly validated?: Readonly<Record<string, { readonly value: Json; readonly errors: readonly string[] }>>
    readonly errors?: Readonly<Record<string, readonly string[]>>
    readonly keys?: readonly Members[]
  }
}

const definitionDifference = ({ def, config, mode, result }: ConfigCase): string | undefined =>
  first(
    Object.entries(def!).map(([key, definition]) => {
      const found = parsed(key, fieldOf(key, definition), config, mode!)
      if (mode === 'parse') return valueDifference(result.values?.[key] ?? null, orThrow(found), key)
      const expected = result.validated?.[key] ?? { value: null, errors: [] }
      return (
        same(expected.errors, found.problems, `${key} errors`) ?? valueDifference(expected.value, found.value, key)
      )
    }),
  )

/** What a worker finds wrong with the settings of every connector, its transforms, predicates and converters. */
export const connectorErrors = async (config: Props): Promise<Readonly<Record<string, readonly string[]>>> => {
  const validation = new Validation(config)
  validation.add(sourceSpec)
  await validateStages(validation, config, registry)
  await validateConverters(validation, config, registry, {})
  const entries = validation.result('c').configs.flatMap(({ value }) => {
    return value.errors.length === 0 ? [] : [[value.name, value.errors] as const]
  })
  return Object.fromEntries(entries)
}

/** The words that Kafka's documentation has for the values of a setting. */
const validatorOf = ({ type, options }: ConfigField<unknown>): string | null => {
  const { values, ignoreCase, nonEmpty, nonNull, distinct, accepts } = options
  const own = [
    ...(type === 'STRING' && nonEmpty === true ? ['non-empty string'] : []),
    ...(nonNull === true ? ['non-null string'] : []),
    ...(values === undefined ? [] : [`${ignoreCase === true ? '(case insensitive) ' : ''}[${values.join(', ')}]`]),
    ...(accepts === undefined ? [] : [accepts]),
  ]
  if (own.length > 0) return own.join(', ')
  return type === 'LIST' && (nonEmpty === true || distinct === true) ? '' : null
}

const keysDifference = async ({ class: className, result }: ConfigCase): Promise<string | undefined> => {
  const known = registry.lookup(className!)
  if (known === undefined) return `${className} is not one of ours`
  const { kind, config } = await loadPlugin<{ readonly kind: never; readonly config: Record<string, ConfigField<unknown>> }>(
    known.location,
  )
  const isConverter = known.types.includes('converter')
  const infos = kind === 'converter' ? (isConverter ? converterInfos(config) : []) : keyInfos(config)
  const own = infos.filter(({ name }) => config[name]!.options.internal !== true)
  const expected = result.keys!
  const names = same(
    expected.map(({ name }) => name),
    own.map(({ name }) => name),
    'keys',
  )
  if (names !== undefined) return names
  return first(
    expected.map((key, index) => {
      const info = own[index]!
      const field = config[info.name]!
      const shown = {
        type: info.type,
        required: info.required,
        importance: info.importance,
        validator: validatorOf(field),
        width: info.width,
        group: info.group,
        orderInGroup: info.order_in_group,
        displayName: info.display_name,
      }
      const { name, default: standIn, ...rest } = key
      return (
        first(Object.entries(rest).map(([part, value]) => same(value, shown[part as 'type'], `${name} ${part}`))) ??
        (info.required ? undefined : valueDifference(standIn ?? null, field.options.default ?? null, `${name} default`))
      )
    }),
  )
}

/** How ours differs in a case of configuration; null when the case is none. Throws what ours throws. */
export const configDifference = async (one: ConfigCase): Promise<string | undefined | null> => {
  switch (one.op) {
    case 'parseType': {
      const props = { [one.key!]: one.value as string | null }
      return valueDifference(one.result.value ?? null, orThrow(parsed(one.key!, fieldOf(one.key!, { type: one.type! }), props, 'parse')), 'value')
    }
    case 'configDef':
      return definitionDifference(one)
    case 'validate':
      return same(one.result.errors, await connectorErrors(one.config), 'errors')
    case 'configKeys':
      return keysDifference(one)
    default:
      return null
  }
}

/** Settings that a chain is built from, checked first, as a connector's are. Throws ConfigError. */
export const checkChain = async (config: Props): Promise<void> => {
  // A setting that is missing altogether is found by the chain itself.
  for (const [key, errors] of Object.entries(await connectorErrors(config)))
    if (config[key] !== undefined) throw new ConfigError(errors[0]!)
}

