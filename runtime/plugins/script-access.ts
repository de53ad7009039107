import { createHash } from 'node:crypto'
import { mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LoadedScript, Log, ScriptAccess } from '../api/context.ts'
import { ConfigError } from '../api/errors.ts'
import { resolveMillrace, VERSION_QUERY } from './resolve-millrace.ts'

const source = /\.(ts|mts|js|mjs)$/
const defaultPollMs = 1000

interface ScriptOptions {
  /** Entries of `plugin.path`. */
  readonly folders: readonly string[]
  /** Whether code in a config may run. */
  readonly inline: boolean
  readonly log: Log
  /** Time between two looks at a file. */
  readonly pollMs?: number
}

/** Changes when the file does, or another one beside it that it may import. */
const versionOf = async (path: string): Promise<string> => {
  const folder = dirname(path)
  const names = (await readdir(folder)).filter(name => source.test(name)).sort()
  const stamps = await Promise.all(
    names.map(async name => {
      const { mtimeMs, size, ino } = await stat(join(folder, name))
      return `${name} ${mtimeMs}:${size}:${ino}`
    }),
  )
  return createHash('sha1').update(stamps.join('\n')).digest('hex').slice(0, 12)
}

/** File and line in an error's stack, `name:12`. */
const placeIn = (error: unknown, path: string, name: string): string => {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  // Source maps put a path where Node has an URL.
  for (const base of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(base)
    const line = at < 0 ? undefined : /^[^\s:)]*:(\d+)/.exec(stack.slice(at + base.length))?.[1]
    if (line !== undefined) return `${name}:${line}`
  }
  return name
}

type Run = LoadedScript['run']

const importScript = async (path: string, version: string, exportName: string, name: string): Promise<Run> => {
  resolveMillrace()
  let module: Readonly<Record<string, unknown>>
  try {
    module = await import(`${pathToFileURL(path).href}?${VERSION_QUERY}=${version}`)
  } catch (cause) {
    throw new ConfigError(`${placeIn(cause, path, name)}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  const found = module[exportName]
  if (typeof found === 'function') return found as Run
  throw new ConfigError(
    `${name} exports no function as ${exportName}, but ${Object.keys(module).join(', ') || 'nothing'}`,
  )
}

/** The file itself, links followed: it must lie in a folder of `plugin.path`. */
const locate = async (path: string, folders: readonly string[]): Promise<string> => {
  if (!source.test(path)) throw new ConfigError(`${path} is no .ts, .mts, .js or .mjs file`, { key: 'file' })
  if (folders.length === 0)
    throw new ConfigError(`${path} cannot be loaded: the worker has no plugin.path`, { key: 'file' })
  const candidates = isAbsolute(path) ? [path] : folders.map(folder => resolve(folder, path))
  let outside = false
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => undefined)
    if (real === undefined) continue
    for (const folder of folders) {
      const root = await realpath(folder).catch(() => undefined)
      if (root !== undefined && real.startsWith(root + sep)) return real
    }
    outside = true
  }
  throw new ConfigError(
    outside
      ? `${path} lies outside of plugin.path (${folders.join(', ')}): put it there`
      : `${path} is in no folder of plugin.path (${folders.join(', ')})`,
    { key: 'file' },
  )
}

/** What a task's transforms load user functions with. */
export const scriptAccess = ({ folders, inline, log, pollMs = defaultPollMs }: ScriptOptions): ScriptAccess => ({
  async file(path, exportName) {
    const real = await locate(path, folders)
    const name = basename(real)
    let version = await versionOf(real)
    let run = await importScript(real, version, exportName, name)
    let closed = false
    let looking = false
    const look = async (): Promise<void> => {
      // A file that is being replaced is gone for a moment: the next look finds it.
      const now = await versionOf(real).catch(() => version)
      if (now === version) return
      version = now
      try {
        const newer = await importScript(real, now, exportName, name)
        if (closed) return
        run = newer
        log.info('Loaded a new version of a script', { file: real })
      } catch (error) {
        log.error('A new version of a script cannot be loaded: the one before goes on', {
          file: real,
          reason: (error as Error).message,
        })
      }
    }
    const timer = setInterval(() => {
      if (looking) return
      looking = true
      void look().finally(() => {
        looking = false
      })
    }, pollMs).unref()
    return {
      get run() {
        return run
      },
      place: error => placeIn(error, real, name),
      close() {
        closed = true
        clearInterval(timer)
      },
    }
  },
  async inline(code) {
    if (!inline)
      throw new ConfigError(
        'Code in a connector config is not run by this worker: put it into a file under plugin.path, or set millrace.script.inline=true in the properties of the worker (the code then has all rights of the worker)',
        { key: 'code' },
      )
    const folder = await mkdtemp(join(tmpdir(), 'millrace-script-'))
    const path = join(await realpath(folder), 'code.ts')
    try {
      await writeFile(path, code, { mode: 0o600 })
      const run = await importScript(path, 'code', 'default', 'code')
      return { run, place: error => placeIn(error, path, 'code'), close() {} }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})
