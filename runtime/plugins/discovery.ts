import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { type PluginKind, pluginKind } from '../api/define.ts'
import { type KnownPlugin, typesOf } from './builtin.ts'
import type { Scan } from './plugin-files.ts'
import { resolveMillrace, VERSION_QUERY } from './resolve-millrace.ts'

/** A file with plugins in it. */
export interface LoadedFile {
  readonly path: string
  /** Changes when the file does, or a module beside it that is no plugin itself. */
  readonly version: string
  readonly plugins: readonly KnownPlugin[]
}

/** The version of every plugin file of a scan. */
export const fileVersions = ({ files, stamps }: Scan): ReadonlyMap<string, string> => {
  const plugins = new Set(files.map(({ path }) => path))
  const beside = new Map<string, string[]>()
  for (const [path, { stamp, unit }] of stamps) {
    if (plugins.has(path)) continue
    const list = beside.get(unit) ?? []
    beside.set(unit, list)
    list.push(`${path} ${stamp}`)
  }
  return new Map(
    files.map(({ path, unit }) => {
      const parts = [stamps.get(path)?.stamp ?? 'missing', ...(beside.get(unit) ?? []).sort()]
      return [path, createHash('sha1').update(parts.join('\n')).digest('hex').slice(0, 12)]
    }),
  )
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

/** Imports a file and takes note of the plugins it exports. Throws what importing throws. */
export const importFile = async (path: string, version: string): Promise<LoadedFile> => {
  resolveMillrace()
  // The query makes a changed file another module; the unchanged one is not loaded twice.
  const url = `${pathToFileURL(path).href}?${VERSION_QUERY}=${version}`
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
  return { path, version, plugins }
}
