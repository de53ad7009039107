import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Deferred, deferred } from '../base/deferred.ts'

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

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/**
 * Keys and values in a file: appended line by line with a checksum, made durable before a write resolves, rewritten when most
 * of it is old. A line cut by a crash is dropped at the next start: nobody was told that it was written (invariant 6).
 */
export class LineLog {
  readonly #path: string
  readonly #entries = new Map<string, string>()
  #file: FileHandle | undefined
  #fileBytes = 0
  #waiting: { lines: string[]; done: Deferred<void> } | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string) {
    this.#path = path
  }

  /** Whether a file is one of ours (or new). */
  static isOurs(content: Buffer): boolean {
    return content.length === 0 || content.toString('latin1', 0, header.length) === header
  }

  /** Opens or creates; `initial` is what a new file starts with. Throws when the folder cannot be written. */
  static async open(path: string, initial: readonly Entry[] = []): Promise<LineLog> {
    await mkdir(dirname(path), { recursive: true })
    const log = new LineLog(path)
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    if (content.length > 0 && !LineLog.isOurs(content))
      throw new Error(`${path} is no file of this worker: move it away or name another file`)
    const whole = log.#load(content)
    for (const [key, value] of initial) if (value !== null && !log.#entries.has(key)) log.#entries.set(key, value)
    if (content.length === 0 || initial.length > 0) await log.#rewrite()
    else {
      log.#file = await open(path, 'r+')
      // What follows the last whole line was never acknowledged.
      await log.#file.truncate(whole)
      log.#fileBytes = whole
    }
    return log
  }

  get(key: string): string | undefined {
    return this.#entries.get(key)
  }

  /** In order of first writing. */
  entries(): IterableIterator<[string, string]> {
    return this.#entries.entries()
  }

  /** Resolves when all are durable. Writes of the same moment share one sync. */
  write(entries: readonly Entry[]): Promise<void> {
    for (const [key, value] of entries) {
      if (value === null) this.#entries.delete(key)
      else this.#entries.set(key, value)
    }
    const lines = entries.map(lineOf)
    if (this.#waiting !== undefined) {
      this.#waiting.lines.push(...lines)
      return this.#waiting.done.promise
    }
    const waiting = { lines, done: deferred() }
    this.#waiting = waiting
    this.#writing = this.#writing.then(async () => {
      this.#waiting = undefined
      try {
        await this.#append(waiting.lines)
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
  }

  #load(content: Buffer): number {
    if (content.length === 0) return 0
    let at = header.length
    for (;;) {
      const end = content.indexOf(10, at)
      if (end < 0) return at
      const entry = entryOf(content.toString('utf8', at, end))
      if (entry === undefined) return at
      const [key, value] = entry
      if (value === null) this.#entries.delete(key)
      else this.#entries.set(key, value)
      at = end + 1
    }
  }

  async #append(lines: readonly string[]): Promise<void> {
    const text = Buffer.from(lines.join(''))
    const live = this.#fileBytes + text.length
    if (live > compactAboveBytes && live > 2 * this.#liveBytes()) return this.#rewrite()
    await this.#file!.write(text, 0, text.length, this.#fileBytes)
    await this.#file!.datasync()
    this.#fileBytes += text.length
  }

  #liveBytes(): number {
    let bytes = header.length
    for (const [key, value] of this.#entries) bytes += key.length + value.length + 20
    return bytes
  }

  /** The new content in a new file, then the old name for it: at every instant one of both is whole. */
  async #rewrite(): Promise<void> {
    const next = `${this.#path}.new`
    const text = Buffer.from(header + Array.from(this.#entries, lineOf).join(''))
    const file = await open(next, 'w')
    await file.write(text)
    await file.sync()
    await rename(next, this.#path)
    await syncFolder(dirname(this.#path))
    await this.#file?.close()
    this.#file = file
    this.#fileBytes = text.length
  }
}
