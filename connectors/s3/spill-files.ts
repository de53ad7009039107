import { createReadStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ConnectError } from 'millrace'

/** Objects in one temporary file: thousands of places must not need thousands of file descriptors. */
const sharers = 64

const cannotSpill = (cause: Error): never => {
  throw new ConnectError(
    `Records that wait for S3 cannot be put into a temporary file in ${tmpdir()}: ${cause.message}. Make room there, set TMPDIR to another folder, or raise s3.buffer.memory`,
    { cause },
  )
}

/** A nameless file: removed as soon as it is open, so that no crash leaves it behind. */
const openNameless = async (): Promise<FileHandle> => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-')).catch(cannotSpill)
  try {
    return await open(join(folder, 'spill'), 'wx+', 0o600).catch(cannotSpill)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A temporary file of some objects in the making; closed, and its room on disk free again, when the last one is done with it. */
export class SpillFile {
  /** Objects that have begun to use it. */
  users = 0
  readonly #opening: Promise<FileHandle>
  #left = 0
  #size = 0

  constructor() {
    this.#opening = openNameless()
    // Told to whoever appends.
    this.#opening.catch(() => {})
  }

  join(): this {
    this.users++
    this.#left++
    return this
  }

  /** Appends and returns where. Throws ConnectError when there is no room. */
  async append(bytes: Buffer): Promise<number> {
    // Taken before anything is awaited: others append at the same time.
    const start = this.#size
    this.#size += bytes.length
    const handle = await this.#opening
    for (let at = 0; at < bytes.length; ) {
      at += (await handle.write(bytes, at, bytes.length - at, start + at).catch(cannotSpill)).bytesWritten
    }
    return start
  }

  async *read(start: number, end: number): AsyncGenerator<Buffer, void, void> {
    const { fd } = await this.#opening
    const stream: Readable = createReadStream('', {
      fd,
      start,
      end: end - 1,
      autoClose: false,
      highWaterMark: 256 * 1024,
    })
    yield* stream
  }

  async leave(): Promise<void> {
    if (--this.#left > 0) return
    // Whoever joined has heard of a failure to open; a file that others left is not joined again.
    this.users = sharers
    const handle = await this.#opening.catch(() => undefined)
    await handle?.close()
  }
}

/** The temporary files of a task. */
export class SpillFiles {
  #latest: SpillFile | undefined

  /** A file to append to; `leave` it when the object is done. */
  join(): SpillFile {
    if (this.#latest === undefined || this.#latest.users >= sharers) this.#latest = new SpillFile()
    return this.#latest.join()
  }
}
