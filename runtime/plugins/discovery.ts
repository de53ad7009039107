import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type PluginKind, pluginKind } from '../api/define.ts'
import { type KnownPlugin, typesOf } from './builtin.ts'
import { resolveMillrace } from './resolve-millrace.ts'

/** A file that may hold a plugin, and what it is when it does. */
export interface PluginFile {
  readonly path: string
  /** Changes when the file does. */
  readonly version: string
  readonly plugins: readonly KnownPlugin[]
}

const code = /\.(ts|mts|js|mjs)$/
const noPlugin = /\.d\.m?ts$|\.(test|spec)\./
const defines = /\bdefine(Source|Sink|Transform|Predicate|Converter|ConfigProvider)\b/

/** Files directly in the folder and one folder below; of a folder with a package.json, its entry. */
export const candidateFiles = async (folder: string): Promise<string[]> => {
  const files: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    const isFolder =
      entry.isDirectory() ||
      (entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isDirectory() === true)
    if (isFolder) {
      if (entry.name !== 'node_modules') files.push(...(await packageFiles(path)))
    } else if (code.test(entry.name) && !noPlugin.test(entry.name)) files.push(path)
  }
  return files.sort()
}

const packageFiles = async (folder: string): Promise<string[]> => {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (text !== undefined) {
    const { millrace, main = 'index.js' } = JSON.parse(text) as { millrace?: string | string[]; main?: string }
    return [millrace ?? main].flat().map(file => join(folder, file))
  }
  const names = await readdir(folder)
  return names.filter(name => code.test(name) && !noPlugin.test(name)).map(name => join(folder, name))
}

interface Definition {
  readonly class: string
  readonly version: string
  readonly aliases?: readonly string[]
  readonly sides?: readonly string[]
  readonly kinds?: readonly string[]
  readonly kind: PluginKind
}

const described = (value: unknown): value is Definition => {
  const { class: name, version } = value as Partial<Definition>
  return typeof name === 'string' && typeof version === 'string'
}

/** Imports a file if its text says that it defines a plugin. Throws what importing throws. */
export const inspectFile = async (path: string): Promise<PluginFile> => {
  const absolute = resolve(path)
  const { mtimeMs, size } = await stat(absolute)
  const version = `${Math.trunc(mtimeMs)}-${size}`
  if (!defines.test(await readFile(absolute, 'utf8'))) return { path: absolute, version, plugins: [] }
  resolveMillrace()
  // The query makes a changed file another module; the unchanged one is not loaded twice.
  const url = `${pathToFileURL(absolute).href}?v=${version}`
  const module = (await import(url)) as Record<string, unknown>
  const plugins = Object.entries(module).flatMap(([exportName, value]): KnownPlugin[] => {
    const kind = pluginKind(value)
    if (kind === undefined || !described(value)) return []
    const classes = value.sides === undefined ? [value.class] : value.sides.map(side => `${value.class}$${side}`)
    return classes.map(name => ({
      location: { class: name, kind, version: value.version, url, exportName },
      aliases: value.aliases ?? [],
      types: typesOf(kind, value.kinds),
    }))
  })
  return { path: absolute, version, plugins }
}

/** The folders in which something may change. */
export const watchedFolders = (files: readonly string[], roots: readonly string[]): string[] => [
  ...new Set([...roots.map(root => resolve(root)), ...files.map(file => dirname(file))]),
]
