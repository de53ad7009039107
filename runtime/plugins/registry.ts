import { type FSWatcher, watch } from 'node:fs'
import type { Log } from '../api/context.ts'
import type { PluginKind } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { builtinPlugins, type KnownPlugin } from './builtin.ts'
import { candidateFiles, inspectFile, type PluginFile, watchedFolders } from './discovery.ts'
import { loadPlugin } from './load.ts'
import type { PluginLocation } from './location.ts'
import { didYouMean, nameIndex } from './names.ts'

/** One line of `/connector-plugins`. */
export interface PluginInfo {
  readonly class: string
  readonly type: string
  readonly version: string
}

const typeOrder = ['sink', 'source', 'transformation', 'predicate', 'converter', 'header_converter']
const pollMs = 2000
const settleMs = 50

/** Every plugin this worker has: those it brings and those of `plugin.path`, which are watched for changes. */
export class PluginRegistry {
  readonly #log: Log
  readonly #roots: readonly string[]
  readonly #builtin = builtinPlugins()
  #files = new Map<string, PluginFile>()
  #broken = new Map<string, string>()
  #index: ReadonlyMap<string, KnownPlugin> = new Map()
  readonly #listeners = new Set<(className: string) => void>()
  readonly #watchers: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #scanning: Promise<void> = Promise.resolve()

  private constructor(roots: readonly string[], log: Log) {
    this.#roots = roots
    this.#log = log
    this.#reindex()
  }

  /** Finds the plugins of `plugin.path`; with `watching`, changed files are picked up until `close`. */
  static async open(options: {
    readonly pluginPath?: readonly string[]
    readonly log: Log
    readonly watching?: boolean
  }): Promise<PluginRegistry> {
    const registry = new PluginRegistry(options.pluginPath ?? [], options.log)
    await registry.#scan()
    if (options.watching === true && registry.#roots.length > 0) registry.#watch()
    return registry
  }

  /** By class name or alias; without `kind`, a connector. Throws ConfigError with Kafka Connect's text. */
  async locate(className: string, kind?: PluginKind): Promise<PluginLocation> {
    return this.find(className, kind).location
  }

  find(className: string, kind?: PluginKind): KnownPlugin {
    const found = this.#index.get(className)
    const fits =
      found !== undefined &&
      (kind === undefined
        ? found.location.kind === 'source' || found.location.kind === 'sink'
        : found.location.kind === kind)
    if (fits) return found
    if (kind !== undefined) throw new ConfigError(`Class ${className} could not be found.`)
    throw new ConfigError(
      `Failed to find any class that implements Connector and which name matches ${className}, available connectors are: ${this.#available()}`,
      { key: 'connector.class' },
    )
  }

  /** What helps whoever named a class that is not there: the nearest name, and the files that could not be loaded. */
  hint(className: string, kinds?: readonly PluginKind[]): string | undefined {
    const names = this.#all().flatMap(({ location }) =>
      kinds === undefined || kinds.includes(location.kind) ? [location.class] : [],
    )
    const near = didYouMean(className, names)
    const lines = [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      ...Array.from(this.#broken, ([file, reason]) => `${file} could not be loaded: ${reason}`),
    ]
    return lines.length === 0 ? undefined : lines.join(' ')
  }

  has(className: string): boolean {
    return this.#index.has(className)
  }

  /** The definition, loaded into this thread. */
  async load<D extends { readonly kind: PluginKind }>(className: string, kind?: PluginKind): Promise<D> {
    return loadPlugin<D>(await this.locate(className, kind))
  }

  /** By any name, of any kind; undefined when there is none. */
  lookup(className: string): KnownPlugin | undefined {
    return this.#index.get(className)
  }

  /** All of these types, in Kafka Connect's order. */
  list(types: readonly string[] = typeOrder): readonly PluginInfo[] {
    return typeOrder.flatMap(type =>
      types.includes(type)
        ? this.#all()
            .filter(plugin => plugin.types.includes(type))
            .map(({ location: { class: name, version } }) => ({ class: name, type, version }))
        : [],
    )
  }

  /** Files that could not be loaded, with the reason; what they held before goes on. */
  broken(): ReadonlyMap<string, string> {
    return this.#broken
  }

  onReloaded(listener: (className: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearInterval(this.#poll)
    for (const watcher of this.#watchers) watcher.close()
    await this.#scanning
  }

  /** Looks at `plugin.path` again now. */
  rescan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scan())
    return this.#scanning
  }

  #all(): readonly KnownPlugin[] {
    return [...this.#builtin, ...[...this.#files.values()].flatMap(file => file.plugins)]
  }

  #reindex(): void {
    this.#index = nameIndex(this.#all())
  }

  #available(): string {
    return this.#all()
      .filter(({ location: { kind } }) => kind === 'source' || kind === 'sink')
      .map(
        ({ location: { class: name, kind, version } }) =>
          `PluginDesc{klass=class ${name}, name='${name}', version='${version}', encodedVersion=${version}, type=${kind}, typeName='${kind}', location='classpath'}`,
      )
      .join(', ')
  }

  async #scan(): Promise<void> {
    const before = this.#files
    const found = new Map<string, PluginFile>()
    const broken = new Map<string, string>()
    const changed: string[] = []
    for (const root of this.#roots) {
      const paths = await candidateFiles(root).catch((error: Error) => {
        if (!this.#broken.has(root)) this.#log.warn('A folder of plugin.path cannot be read', { folder: root, error })
        broken.set(root, error.message)
        return []
      })
      for (const path of paths) {
        const known = before.get(path)
        try {
          const file = await inspectFile(path)
          found.set(path, file)
          if (known !== undefined && known.version !== file.version)
            changed.push(...file.plugins.map(plugin => plugin.location.class))
        } catch (error) {
          const reason = (error as Error).message
          if (this.#broken.get(path) !== reason)
            this.#log.error('A plugin file cannot be loaded; what it held before goes on', { file: path, error })
          broken.set(path, reason)
          if (known !== undefined) found.set(path, known)
        }
      }
    }
    this.#files = found
    this.#broken = broken
    this.#reindex()
    for (const name of changed) {
      this.#log.info('Loaded a new version of a plugin', { class: name })
      for (const listener of this.#listeners) listener(name)
    }
  }

  #watch(): void {
    const look = () => {
      clearTimeout(this.#timer)
      // An editor writes a file in several steps.
      this.#timer = setTimeout(() => void this.rescan(), settleMs)
    }
    for (const folder of watchedFolders([...this.#files.keys()], this.#roots)) {
      try {
        this.#watchers.push(
          watch(folder, look).on('error', error =>
            this.#log.warn('A plugin folder cannot be watched any more', { folder, error }),
          ),
        )
      } catch (error) {
        this.#log.warn('A plugin folder cannot be watched, it is looked at every 2 s', { folder, error })
      }
    }
    // File systems without notifications, and files that were linked in.
    this.#poll = setInterval(() => void this.rescan(), pollMs).unref()
  }
}
