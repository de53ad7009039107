import type { Secret } from './secret.ts'

/** Kafka's ConfigDef types. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'
export type Importance = 'HIGH' | 'MEDIUM' | 'LOW'
export type Width = 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG'

export interface ConfigOptions<T> {
  /** Used when the key is missing; the same type as a parsed value (PASSWORD: text). */
  readonly default?: T
  /** May be missing without a default: the value is then undefined. */
  readonly optional?: boolean
  readonly importance?: Importance
  readonly group?: string
  readonly width?: Width
  readonly displayName?: string
  readonly dependents?: readonly string[]
  /** Older spellings of the key; the key itself wins. */
  readonly aliases?: readonly string[]
  /** Shown as recommended values by validation. */
  readonly recommended?: readonly string[]
  /** Set by the framework or only for experts: hidden from generated documentation. */
  readonly internal?: boolean
  /** What `check` takes, in words: shown in the documentation. */
  readonly accepts?: string
  /** The key in messages about a value that a rule refuses, where a plugin's settings stand under a prefix. */
  readonly ownKey?: string
  /** `check` is asked about a null and a missing value as well. */
  readonly checksNull?: boolean
  /** Whole messages about a text that cannot be used, asked before the type and all other rules; empty: those decide. */
  readonly says?: (text: string) => readonly string[]
  /** A problem in words that follow `Invalid value V for configuration K: `, or undefined. Throws a ConfigError for a message of its own. */
  readonly check?: (value: T) => string | undefined
}

export interface NumberOptions extends ConfigOptions<number> {
  readonly min?: number
  readonly max?: number
}

export interface StringOptions extends ConfigOptions<string> {
  /** The only values allowed. */
  readonly values?: readonly string[]
  /** Compare with `values` ignoring case; the parsed value is spelled as in `values`. */
  readonly ignoreCase?: boolean
  readonly nonEmpty?: boolean
  /** A null, as REST lets it through, is refused in these words: `entry must be non null`. */
  readonly nonNull?: boolean
}

export interface ListOptions extends ConfigOptions<readonly string[]> {
  readonly values?: readonly string[]
  readonly nonEmpty?: boolean
  /** No blank elements; one that is there twice is reported by validation and dropped by parsing, as in Kafka. Implied by the two above. */
  readonly distinct?: boolean
}

declare const parsed: unique symbol

/** One declared setting; `T` is its type after parsing. */
export interface ConfigField<T> {
  readonly type: ConfigType
  readonly doc: string
  readonly options: ConfigOptions<never> & {
    readonly default?: unknown
    readonly min?: number
    readonly max?: number
    readonly values?: readonly string[]
    readonly ignoreCase?: boolean
    readonly nonEmpty?: boolean
    readonly nonNull?: boolean
    readonly distinct?: boolean
    readonly check?: (value: never) => string | undefined
  }
  readonly [parsed]?: T
}

/** A connector's settings, key by key, in the order they are documented. */
export type ConfigSpec = Readonly<Record<string, ConfigField<unknown>>>

/** `undefined` joins the type only where a setting is optional and has no default. */
type Missing<O> = O extends { readonly default: unknown }
  ? never
  : O extends { readonly optional: true }
    ? undefined
    : never

type CamelCase<K extends string> = K extends `${infer Head}.${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : K extends `${infer Head}-${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : K

/** What a plugin gets: `'redis.hosts'` declared with `c.list` is `config.redisHosts: readonly string[]`. */
export type ConfigOf<C extends ConfigSpec> = {
  readonly [K in keyof C & string as CamelCase<K>]: C[K] extends ConfigField<infer T> ? T : never
}

/** The member name of a key: `redis.hosts` -> `redisHosts`. */
export const camelCase = (key: string): string =>
  key.replace(/[.-]([^.-]*)/g, (_, word: string) => word.charAt(0).toUpperCase() + word.slice(1))

const field = <T>(type: ConfigType, doc: string, options: object | undefined): ConfigField<T> => {
  if (doc.trim() === '') throw new TypeError('A setting needs a documentation text')
  return { type, doc, options: (options ?? {}) as ConfigField<T>['options'] }
}

type ValueOf<O> = O extends { readonly values: readonly (infer V extends string)[] } ? V : string

/** Declares settings: `c.<type>(doc, options)`. Without `default` and `optional` a setting is required, in its type and at run time. */
export const c = {
  string: <const O extends StringOptions>(doc: string, options?: O): ConfigField<ValueOf<O> | Missing<O>> =>
    field('STRING', doc, options),
  int: <const O extends NumberOptions>(doc: string, options?: O): ConfigField<number | Missing<O>> =>
    field('INT', doc, options),
  short: <const O extends NumberOptions>(doc: string, options?: O): ConfigField<number | Missing<O>> =>
    field('SHORT', doc, options),
  /** 64 bits in Kafka; here a safe integer: a larger one is refused, not rounded. */
  long: <const O extends NumberOptions>(doc: string, options?: O): ConfigField<number | Missing<O>> =>
    field('LONG', doc, options),
  double: <const O extends NumberOptions>(doc: string, options?: O): ConfigField<number | Missing<O>> =>
    field('DOUBLE', doc, options),
  boolean: <const O extends ConfigOptions<boolean>>(doc: string, options?: O): ConfigField<boolean | Missing<O>> =>
    field('BOOLEAN', doc, options),
  list: <const O extends ListOptions>(doc: string, options?: O): ConfigField<readonly ValueOf<O>[] | Missing<O>> =>
    field('LIST', doc, options),
  /** A Java class name or alias, as text. */
  class: <const O extends ConfigOptions<string>>(doc: string, options?: O): ConfigField<string | Missing<O>> =>
    field('CLASS', doc, options),
  password: <const O extends ConfigOptions<string>>(doc: string, options?: O): ConfigField<Secret | Missing<O>> =>
    field('PASSWORD', doc, options),
} as const
