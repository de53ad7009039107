import { close, fdatasync, fsync, open, read, writev } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/** Descriptors as numbers: a FileHandle per segment would cost an object with a finaliser and a promise chain per call. */
export const openFile = promisify(open)
export const closeFile = promisify(close)
/** Data and size on the disk itself, not only in the page cache. */
export const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)

/** Fills `target` from `position` on; fewer bytes than asked mean the end of the file. */
export function readFully(fd: number, target: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let filled = 0
    const next = (): void =>
      read(fd, target, filled, target.length - filled, position + filled, (error, bytes) => {
        if (error !== null) return reject(error)
        filled += bytes
        if (bytes === 0 || filled === target.length) resolve(filled)
        else next()
      })
    next()
  })
}

/** Writes all buffers one behind the other from `position` on: one system call unless the file system takes less. */
export function writeFully(fd: number, buffers: readonly Buffer[], position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (rest: readonly Buffer[], at: number): void =>
      writev(fd, rest, at, (error, bytes) => {
        if (error !== null) return reject(error)
        const left = withoutFirst(rest, bytes)
        if (left.length === 0) resolve()
        else if (bytes === 0) reject(new Error(`the file system took none of ${left.length} buffers at ${at}`))
        else next(left, at + bytes)
      })
    next(buffers, position)
  })
}

function withoutFirst(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i]!
    if (skip < buffer.length) return [buffer.subarray(skip), ...buffers.slice(i + 1)]
    skip -= buffer.length
  }
  return []
}

/** Replaces a file so that a crash at any instant leaves the old or the new one, never a part (invariant 6). */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.tmp`
  await writeFile(draft, content, { flush: true })
  await rename(draft, path)
  await syncFolder(dirname(path))
}

/** Makes created, renamed and removed names of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders; NTFS journals names on its own.
  if (process.platform === 'win32') return
  const fd = await openFile(path, 'r')
  try {
    await syncAll(fd)
  } finally {
    await closeFile(fd)
  }
}
