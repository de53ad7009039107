import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, relative, resolve } from 'node:path'
import { c } from '../api/config.ts'
import type { ConfigProviderDefinition } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { type Props, parseOrThrow } from './parse.ts'
import { parseProperties } from './properties.ts'

/** Looks up the keys of one path; a key that does not exist is left out. */
export interface Provider {
  get(
    path: string,
    keys: readonly string[],
  ): Promise<{ readonly data: Readonly<Record<string, string>>; readonly ttlMs?: number }>
}

const allowed = (paths: readonly string[] | undefined, path: string): boolean => {
  if (paths === undefined || paths.length === 0) return true
  return paths.some(folder => {
    const inside = relative(resolve(folder), resolve(path))
    return inside === '' || (!inside.startsWith('..') && !isAbsolute(inside))
  })
}

const pathSpec = { 'allowed.paths': c.list('Folders and files that may be read; unset: all.', { optional: true }) }

/** Kafka's own providers, by class name. */
export const builtinProviders: Readonly<Record<string, (settings: Props) => Provider>> = {
  'org.apache.kafka.common.config.provider.FileConfigProvider': settings => {
    const paths = parseOrThrow(pathSpec, settings)['allowedPaths'] as readonly string[] | undefined
    return {
      async get(path, keys) {
        if (path === '' || !allowed(paths, path)) return { data: {} }
        const properties = parseProperties(
          await readFile(path, 'utf8').catch(cause => fail(`Could not read properties from file ${path}`, cause)),
        )
        return { data: pick(properties, keys) }
      },
    }
  },
  'org.apache.kafka.common.config.provider.DirectoryConfigProvider': settings => {
    const paths = parseOrThrow(pathSpec, settings)['allowedPaths'] as readonly string[] | undefined
    return {
      async get(path, keys) {
        if (path === '' || !allowed(paths, path) || !(await stat(path).catch(() => undefined))?.isDirectory())
          return { data: {} }
        const data: Record<string, string> = {}
        for (const key of keys) {
          const file = join(path, normalize(key))
          if (key.includes('/') || !(await stat(file).catch(() => undefined))?.isFile()) continue
          data[key] = await readFile(file, 'utf8').catch(cause => fail(`Could not read file ${file}`, cause))
        }
        return { data }
      },
    }
  },
  'org.apache.kafka.common.config.provider.EnvVarConfigProvider': settings => {
    const pattern = settings['allowlist.pattern'] ?? '.*'
    const names = new RegExp(`^(?:${pattern})$`)
    return {
      async get(path, keys) {
        if (path !== '')
          throw new ConfigError(`Path is not supported for EnvVarConfigProvider, invalid value '${path}'`)
        return {
          data: pick(
            process.env,
            keys.filter(key => names.test(key)),
          ),
        }
      },
    }
  },
}

const fail = (message: string, cause: unknown): never => {
  throw new ConfigError(message, { cause })
}

const pick = (from: Readonly<Record<string, string | undefined>>, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    keys.flatMap(key => (Object.hasOwn(from, key) && from[key] !== undefined ? [[key, from[key]]] : [])),
  )

const variable = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

/** Settings with their variables replaced, and what was put in: those values are secrets. */
export interface Resolution<P> {
  readonly props: P
  readonly secrets: readonly string[]
  /** Time until one of those values may be another one, by its provider; undefined: nobody said. */
  readonly ttlMs?: number
}

/** The config providers of a worker. */
export class ConfigProviders {
  readonly #providers: ReadonlyMap<string, Provider>

  constructor(providers: ReadonlyMap<string, Provider>) {
    this.#providers = providers
  }

  /** From `config.providers` and `config.providers.NAME.*`; `find` loads classes that are not Kafka's. */
  static async create(
    props: Props,
    find: (className: string) => Promise<ConfigProviderDefinition | undefined>,
  ): Promise<ConfigProviders> {
    const providers = new Map<string, Provider>()
    for (const name of (props['config.providers'] ?? '')
      .split(',')
      .map(one => one.trim())
      .filter(one => one !== '')) {
      const key = `config.providers.${name}.class`
      const className = props[key]
      if (className === undefined || className === null)
        throw new ConfigError(`Missing required configuration "${key}" which has no default value.`, { key })
      const prefix = `config.providers.${name}.param.`
      const settings = Object.fromEntries(
        Object.entries(props).flatMap(([one, value]) =>
          one.startsWith(prefix) ? [[one.slice(prefix.length), value]] : [],
        ),
      )
      const builtin =
        builtinProviders[className] ?? builtinProviders[`org.apache.kafka.common.config.provider.${className}`]
      const definition = builtin === undefined ? await find(className) : undefined
      if (builtin === undefined && definition === undefined)
        throw new ConfigError(
          `Invalid value ${className} for configuration ${key}: Class ${className} could not be found.`,
          { key },
        )
      providers.set(
        name,
        builtin !== undefined
          ? builtin(settings)
          : (definition!.create(parseOrThrow(definition!.config, settings) as never) as Provider),
      )
    }
    return new ConfigProviders(providers)
  }

  /** One pass over `${provider:key}` and `${provider:path:key}`; what cannot be resolved stays as it is. */
  async resolve<V extends string | null | undefined>(
    props: Readonly<Record<string, V>>,
  ): Promise<Resolution<Record<string, V>>> {
    if (this.#providers.size === 0) return { props: { ...props }, secrets: [] }
    const wanted = new Map<string, { provider: Provider; path: string; keys: Set<string> }>()
    for (const value of Object.values(props)) {
      for (const [, name = '', path = '', key = ''] of (value ?? '').matchAll(variable)) {
        const provider = this.#providers.get(name)
        if (provider === undefined) continue
        const place = `${name}\0${path}`
        const entry = wanted.get(place) ?? { provider, path, keys: new Set<string>() }
        entry.keys.add(key)
        wanted.set(place, entry)
      }
    }
    const found = new Map<string, Readonly<Record<string, string>>>()
    let ttl = Number.POSITIVE_INFINITY
    for (const [place, { provider, path, keys }] of wanted) {
      const { data, ttlMs } = await provider.get(path, [...keys])
      found.set(place, data)
      // A negative one says "none", as in Kafka Connect.
      if (ttlMs !== undefined && ttlMs >= 0) ttl = Math.min(ttl, ttlMs)
    }
    const secrets = new Set<string>()
    const replaced = Object.entries(props).map(([key, value]) => [
      key,
      typeof value !== 'string'
        ? value
        : value.replace(variable, (text: string, name: string, path: string | undefined, one: string) => {
            const secret = found.get(`${name}\0${path ?? ''}`)?.[one]
            if (secret === undefined) return text
            if (secret !== '') secrets.add(secret)
            return secret
          }),
    ])
    return {
      props: Object.fromEntries(replaced),
      secrets: [...secrets],
      ...(Number.isFinite(ttl) && { ttlMs: ttl }),
    }
  }
}
