import { createReadStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { ConnectError } from 'millrace'
import { type Line, LineSplitter } from './lines.ts'

let shared: Readable | undefined

/**
 * Standard input of the process. Not `process.stdin`: in a worker thread that is another, empty stream. One for all
 * readers, and never closed: number 0 would be given to the next file that somebody opens.
 */
const stdin = (): Readable => {
  if (shared !== undefined) return shared
  const kind = fstatSync(0)
  if (isatty(0)) shared = new ReadStream(0).unref()
  else if (kind.isFIFO() || kind.isSocket()) shared = new Socket({ fd: 0, readable: true, writable: false }).unref()
  else shared = createReadStream('', { fd: 0, autoClose: false })
  shared.pause()
  return shared
}

/** Lines of standard input, until it ends or the signal aborts; the last one needs no end. Throws ConnectError when it cannot be read. */
export async function* readStdin(signal: AbortSignal): AsyncGenerator<readonly Line[], void, void> {
  const input = stdin()
  const splitter = new LineSplitter('standard input', 0)
  while (!signal.aborted) {
    const bytes = input.read() as Buffer | null
    if (bytes !== null) {
      const lines = splitter.push(bytes)
      if (lines.length > 0) yield lines
      continue
    }
    if (input.errored !== null) {
      throw new ConnectError(`Cannot read standard input: ${input.errored.message}`, { cause: input.errored })
    }
    if (input.readableEnded || input.destroyed) {
      const rest = splitter.rest()
      if (rest.length > 0) yield rest
      return
    }
    await new Promise<void>(resolve => {
      const done = () => {
        for (const event of ['readable', 'end', 'error', 'close']) input.off(event, done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      for (const event of ['readable', 'end', 'error', 'close']) input.on(event, done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
