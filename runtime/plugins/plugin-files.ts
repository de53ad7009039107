import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

/** A file that may hold plugins. Files of one unit (a folder) belong together: when one that is no plugin changes, its plugins are loaded anew. */
export interface PluginFile {
  readonly path: string
  readonly unit: string
  /** A manifest names it: a file without plugins in it is then a mistake. */
  readonly named: boolean
}

/** What a look at the folders found. */
export interface Scan {
  readonly files: readonly PluginFile[]
  /** Every source file of every unit, with what changes when it does. */
  readonly stamps: ReadonlyMap<string, { readonly stamp: string; readonly unit: string }>
  /** Folders in which files may come and go. */
  readonly folders: readonly string[]
  /** Entries of plugin.path that are not there. */
  readonly missing: readonly string[]
}

/** What a package that brings plugins puts among its keywords. */
export const PLUGIN_KEYWORD = 'millrace-plugin'

const source = /\.(ts|mts|js|mjs)$/
const notPlugin = /\.(d\.m?ts|test\.\w+|spec\.\w+|config\.\w+)$/
const hidden = (name: string): boolean => name.startsWith('.') || name === 'node_modules'

interface Manifest {
  readonly millrace?: unknown
  readonly keywords?: unknown
  readonly main?: unknown
  readonly exports?: unknown
  readonly dependencies?: unknown
}

const manifestOf = async (folder: string): Promise<Manifest | undefined> => {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    // Half written, or not ours to judge: its files are looked at as those of a plain folder.
    return undefined
  }
}

const texts = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((one): one is string => typeof one === 'string')
      : []

/** The file that `import 'package'` leads to. */
const entryFile = ({ exports, main }: Manifest): string | undefined => {
  let at: unknown = exports
  for (let depth = 0; depth < 4 && typeof at === 'object' && at !== null; depth++) {
    const one = at as Readonly<Record<string, unknown>>
    at = one['.'] ?? one['import'] ?? one['node'] ?? one['default']
  }
  return texts(at)[0] ?? texts(main)[0]
}

/** The files a package's manifest names: `"millrace": ["./source.js"]` or `{"plugins": [...]}`, else its entry. */
const namedFiles = (manifest: Manifest): readonly string[] => {
  const { millrace } = manifest
  const plugins =
    typeof millrace === 'object' && millrace !== null && !Array.isArray(millrace)
      ? (millrace as { readonly plugins?: unknown }).plugins
      : millrace
  const listed = texts(plugins)
  if (listed.length > 0) return listed
  const keyword = texts(manifest.keywords).includes(PLUGIN_KEYWORD)
  const entry = entryFile(manifest)
  return keyword && entry !== undefined ? [entry] : []
}

// Cheaper than importing: a file that makes no plugin is not run.
const makesPlugin = /\bdefine(Source|Sink|Transform|Predicate|Converter|ConfigProvider)\b/

/** Looks at `plugin.path` (and the direct dependencies of `home`) for plugin files. Reads texts, imports nothing. */
export const scanPlugins = async (pluginPath: readonly string[], home?: string): Promise<Scan> => {
  const files = new Map<string, PluginFile>()
  const stamps = new Map<string, { stamp: string; unit: string }>()
  const folders = new Set<string>()
  const missing: string[] = []

  const add = async (path: string, unit: string, named: boolean): Promise<void> => {
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() !== true) {
      if (named) files.set(path, { path, unit, named })
      return
    }
    stamps.set(path, { stamp: `${found.mtimeMs}:${found.size}:${found.ino}`, unit })
    if (files.has(path)) return
    if (named || makesPlugin.test(await readFile(path, 'utf8').catch(() => ''))) files.set(path, { path, unit, named })
  }

  const addFolder = async (folder: string, unit: string): Promise<void> => {
    folders.add(folder)
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (hidden(entry.name) || entry.isDirectory()) continue
      if (source.test(entry.name) && !notPlugin.test(entry.name)) await add(join(folder, entry.name), unit, false)
    }
  }

  const addPackage = async (folder: string, manifest: Manifest): Promise<boolean> => {
    const named = namedFiles(manifest)
    for (const file of named) await add(resolve(folder, file), folder, true)
    return named.length > 0
  }

  const addDependencies = async (folder: string, manifest: Manifest | undefined): Promise<void> => {
    const { dependencies } = manifest ?? {}
    if (typeof dependencies !== 'object' || dependencies === null) return
    for (const name of Object.keys(dependencies)) {
      const at = join(folder, 'node_modules', name)
      const own = await manifestOf(at)
      if (own !== undefined && texts(own.keywords).includes(PLUGIN_KEYWORD)) await addPackage(at, own)
    }
  }

  for (const entry of pluginPath.map(one => resolve(one))) {
    const found = await stat(entry).catch(() => undefined)
    if (found?.isFile() === true) {
      await add(entry, entry, true)
      continue
    }
    if (found === undefined) {
      missing.push(entry)
      continue
    }
    const manifest = await manifestOf(entry)
    await addDependencies(entry, manifest)
    if (manifest !== undefined && (await addPackage(entry, manifest))) {
      folders.add(entry)
      continue
    }
    await addFolder(entry, entry)
    for (const child of await readdir(entry, { withFileTypes: true }).catch(() => [])) {
      if (hidden(child.name) || basename(child.name) === 'test') continue
      const folder = join(entry, child.name)
      if (!child.isDirectory() && !(await stat(folder).catch(() => undefined))?.isDirectory()) continue
      const own = await manifestOf(folder)
      await addFolder(folder, folder)
      if (own !== undefined) {
        // A package says itself which files are plugins.
        const named = namedFiles(own)
        if (named.length > 0) for (const [path, file] of files) if (file.unit === folder) files.delete(path)
        await addPackage(folder, own)
      }
    }
  }
  if (home !== undefined) await addDependencies(home, await manifestOf(home))
  return { files: Array.from(files.values()), stamps, folders: Array.from(folders), missing }
}
