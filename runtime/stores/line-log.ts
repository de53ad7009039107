import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Deferred, deferred } from '../base/deferred.ts'
import { lockFile } from '../base/file-lock.ts'

/** One entry: a key and its latest value; null forgets the key. */
export type Entry = readonly [key: string, value: string | null]

const header = '#millrace 1\n'
const compactAboveBytes = 1 << 20

const lineOf = ([key, value]: Entry): string => {
  const json = JSON.stringify([key, value])
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

const entryOf = (line: string): Entry | undefined => {
  const json = line.slice(9)
  if (line[8] !== ' ' || Number.parseInt(line.slice(0, 8), 16) !== crc32(json)) return undefined
  return JSON.parse(json) as Entry
}

const applied = (entries: Map<string, string>, changes: readonly Entry[]): Map<string, string> => {
  for (const [key, value] of changes) {
    if (value === null) entries.delete(key)
    else entries.set(key, value)
  }
  return entries
}

/** All of it: a disk that is nearly full takes less and says so only in the count. */
const writeAll = async (file: FileHandle, bytes: Buffer, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** What a file starts with instead of its content. */
export interface Replacement {
  readonly entries: readonly Entry[]
}

/**
 * Keys and values in a file: appended line by line with a checksum, made durable before a write resolves, rewritten when most
 * of it is old. A line cut by a crash is dropped at the next start: nobody was told that it was written (invariant 6).
 */
export class LineLog {
  readonly #path: string
  readonly #unlock: () => void
  #entries = new Map<string, string>()
  #file: FileHandle | undefined
  #fileBytes = 0
  /** Something of a failed write may stand behind `#fileBytes`. */
  #torn = false
  #waiting: { entries: Entry[]; done: Deferred<void> } | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, unlock: () => void) {
    this.#path = path
    this.#unlock = unlock
  }

  /** Whether a file is one of ours (or new, or cut while it was made). */
  static isOurs(content: Buffer): boolean {
    return header.startsWith(content.toString('latin1', 0, header.length))
  }

  /**
   * Opens or creates; `replacement` takes the place of whatever the file holds, in one step. Throws when another worker has
   * it, when it is no file of ours, or when a line in its midst is damaged.
   */
  static async open(path: string, replacement?: Replacement): Promise<LineLog> {
    await mkdir(dirname(path), { recursive: true })
    const unlock = lockFile(
      `${path}.lock`,
      pid => new Error(`${path} is used by the worker of process ${pid}: stop it, or name another file for this one`),
    )
    const log = new LineLog(path, unlock)
    try {
      await log.#open(replacement)
      return log
    } catch (error) {
      await log.#file?.close()
      unlock()
      throw error
    }
  }

  async #open(replacement: Replacement | undefined): Promise<void> {
    if (replacement !== undefined) return this.#rewrite(applied(new Map(), replacement.entries))
    const content = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    if (!LineLog.isOurs(content))
      throw new Error(`${this.#path} is no file of this worker: move it away or name another file`)
    if (content.length < header.length) return this.#rewrite(new Map())
    const whole = this.#load(content)
    this.#file = await open(this.#path, 'r+')
    // What follows the last whole line was never acknowledged.
    await this.#file.truncate(whole)
    this.#fileBytes = whole
  }

  get(key: string): string | undefined {
    return this.#entries.get(key)
  }

  /** In order of first writing. */
  entries(): IterableIterator<[string, string]> {
    return this.#entries.entries()
  }

  /** Resolves when all are durable, and only then `get` knows them. Writes of the same moment share one sync. */
  write(entries: readonly Entry[]): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.entries.push(...entries)
      return this.#waiting.done.promise
    }
    const waiting = { entries: [...entries], done: deferred() }
    this.#waiting = waiting
    this.#writing = this.#writing.then(async () => {
      this.#waiting = undefined
      try {
        await this.#append(waiting.entries)
        waiting.done.resolve()
      } catch (error) {
        waiting.done.reject(error)
      }
    })
    return waiting.done.promise
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
    this.#unlock()
  }

  #load(content: Buffer): number {
    let at = header.length
    for (;;) {
      const end = content.indexOf(10, at)
      if (end < 0) return at
      const entry = entryOf(content.toString('utf8', at, end))
      if (entry === undefined) {
        this.#refuseDamage(content, end + 1, at)
        return at
      }
      applied(this.#entries, [entry])
      at = end + 1
    }
  }

  /**
   * A crash damages only the end: whole lines behind a broken one were acknowledged, and must not be cut off. Zeros are what
   * a power cut leaves of pages of the last write, which was not acknowledged.
   */
  #refuseDamage(content: Buffer, from: number, broken: number): void {
    if (content.subarray(broken, from).includes(0)) return
    for (let at = from, end = content.indexOf(10, at); end >= 0; at = end + 1, end = content.indexOf(10, at)) {
      if (entryOf(content.toString('utf8', at, end)) === undefined) continue
      throw new Error(
        `${this.#path} is damaged at byte ${broken}, with whole lines behind it: restore it from a backup, or take out that line to go on without it`,
      )
    }
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    if (this.#file === undefined) throw new Error(`${this.#path} is closed`)
    const text = Buffer.from(entries.map(lineOf).join(''))
    const bytes = this.#fileBytes + text.length
    if (bytes > compactAboveBytes && bytes > 2 * this.#liveBytes())
      return this.#rewrite(applied(new Map(this.#entries), entries))
    if (this.#torn) await this.#cutFailed(this.#file)
    this.#torn = true
    try {
      await writeAll(this.#file, text, this.#fileBytes)
      await this.#file.datasync()
    } catch (error) {
      // A disk that refuses this too is asked again before the next write.
      await this.#cutFailed(this.#file).catch(() => {})
      throw error
    }
    this.#torn = false
    this.#fileBytes += text.length
    applied(this.#entries, entries)
  }

  /** Whole lines of a write that failed must not be found at the next start: its caller was told that they are not there. */
  async #cutFailed(file: FileHandle): Promise<void> {
    await file.truncate(this.#fileBytes)
    this.#torn = false
  }

  #liveBytes(): number {
    let bytes = header.length
    for (const [key, value] of this.#entries) bytes += key.length + value.length + 20
    return bytes
  }

  /** The new content in a new file, then the old name for it: at every instant one of both is whole. */
  async #rewrite(entries: Map<string, string>): Promise<void> {
    const next = `${this.#path}.new`
    const text = Buffer.from(header + Array.from(entries, lineOf).join(''))
    const file = await open(next, 'w')
    try {
      await writeAll(file, text, 0)
      await file.sync()
      await rename(next, this.#path)
    } catch (error) {
      await file.close()
      await rm(next, { force: true })
      throw error
    }
    await this.#file?.close()
    this.#file = file
    this.#fileBytes = text.length
    this.#entries = entries
    await syncFolder(dirname(this.#path))
  }
}
