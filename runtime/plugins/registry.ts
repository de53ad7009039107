import { type FSWatcher, watch } from 'node:fs'
import type { Log } from '../api/context.ts'
import type { PluginKind } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { builtinPlugins, type KnownPlugin } from './builtin.ts'
import { fileVersions, importFile, type LoadedFile } from './discovery.ts'
import { loadPlugin } from './load.ts'
import { loadFailure } from './load-failure.ts'
import type { PluginLocation } from './location.ts'
import { compareVersions, didYouMean, nameIndex } from './names.ts'
import { scanPlugins } from './plugin-files.ts'

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
  #files = new Map<string, LoadedFile>()
  #known: readonly KnownPlugin[] = []
  readonly #home: string | undefined
  #broken = new Map<string, string>()
  #index: ReadonlyMap<string, KnownPlugin> = new Map()
  readonly #listeners = new Set<(className: string) => void>()
  readonly #watchers = new Map<string, FSWatcher>()
  #watching = false
  #timer: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #scanning: Promise<void> = Promise.resolve()

  private constructor(roots: readonly string[], home: string | undefined, log: Log) {
    this.#roots = roots
    this.#home = home
    this.#log = log
    this.#reindex()
  }

  /**
   * Finds the plugins of `plugin.path`, and of the packages that `home`'s package.json depends on and that have the keyword
   * `millrace-plugin`; with `watching`, changed files are picked up until `close`.
   */
  static async open(options: {
    readonly pluginPath?: readonly string[]
    readonly home?: string
    readonly log: Log
    readonly watching?: boolean
  }): Promise<PluginRegistry> {
    const registry = new PluginRegistry(options.pluginPath ?? [], options.home, options.log)
    registry.#watching = options.watching === true && registry.#roots.length > 0
    await registry.#scan()
    // File systems without notifications, folders that come later, files that were linked in.
    if (registry.#watching) registry.#poll = setInterval(() => void registry.rescan(), pollMs).unref()
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
    this.#watching = false
    for (const watcher of this.#watchers.values()) watcher.close()
    await this.#scanning
  }

  /** Looks at `plugin.path` again now. */
  rescan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scan())
    return this.#scanning
  }

  #all(): readonly KnownPlugin[] {
    return this.#known
  }

  /** Of a class that is there more than once, the highest version counts; of equal ones, the user's own. */
  #reindex(): void {
    const best = new Map<string, KnownPlugin>()
    for (const plugin of [...this.#builtin, ...[...this.#files.values()].flatMap(file => file.plugins)]) {
      const { class: name, version } = plugin.location
      const other = best.get(name)
      if (other === undefined || compareVersions(version, other.location.version) >= 0) best.set(name, plugin)
    }
    this.#known = [...best.values()].sort((a, b) => (a.location.class < b.location.class ? -1 : 1))
    this.#index = nameIndex(this.#known)
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
    if (this.#roots.length === 0 && this.#home === undefined) return
    const scan = await scanPlugins(this.#roots, this.#home)
    const versions = fileVersions(scan)
    const before = this.#files
    const found = new Map<string, LoadedFile>()
    const broken = new Map<string, string>()
    const changed = new Set<string>()
    for (const folder of scan.missing)
      this.#refuse(broken, folder, 'it cannot be read', 'A folder of plugin.path cannot be read')
    for (const { path, named } of scan.files) {
      const known = before.get(path)
      const version = versions.get(path)!
      if (known?.version === version) {
        found.set(path, known)
        const reason = this.#broken.get(path)
        if (reason !== undefined) broken.set(path, reason)
        continue
      }
      try {
        const file = await importFile(path, version)
        if (named && file.plugins.length === 0) throw new Error('it exports no plugin')
        found.set(path, file)
        if (known !== undefined) for (const plugin of file.plugins) changed.add(plugin.location.class)
      } catch (error) {
        const reason = loadFailure(error)
        this.#refuse(broken, path, reason, 'A plugin file cannot be loaded; what it held before goes on')
        // Not tried again before it changes.
        found.set(path, { path, version, plugins: known?.plugins ?? [] })
      }
    }
    this.#files = found
    this.#broken = broken
    this.#reindex()
    if (this.#watching) this.#watch(scan.folders)
    for (const name of changed) {
      // A version that lost against another one changes nothing.
      if (!found.values().some(file => file.plugins.some(plugin => plugin === this.#index.get(name)))) continue
      this.#log.info('Loaded a new version of a plugin', { class: name })
      for (const listener of this.#listeners) listener(name)
    }
  }

  #refuse(broken: Map<string, string>, place: string, reason: string, message: string): void {
    if (this.#broken.get(place) !== reason) this.#log.error(message, { place, reason })
    broken.set(place, reason)
  }

  #watch(folders: readonly string[]): void {
    const look = () => {
      clearTimeout(this.#timer)
      // An editor writes a file in several steps.
      this.#timer = setTimeout(() => void this.rescan(), settleMs)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, look)
        watcher.on('error', () => {
          // It is gone, or not ours any more: the poll sees what comes.
          watcher.close()
          this.#watchers.delete(folder)
        })
        this.#watchers.set(folder, watcher)
      } catch (error) {
        this.#log.warn('A plugin folder cannot be watched, it is looked at every 2 s', { folder, error })
      }
    }
  }
}
