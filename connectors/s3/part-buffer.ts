import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { type BufferPool, blockBytes } from './buffer-pool.ts'
import type { SpillFile } from './spill-files.ts'
import type { Body } from './store.ts'

interface Piece {
  readonly buffer: Buffer
  length: number
}

/** The encoded bytes of one part (or of a small object): first what was put on disk, then what is in memory. */
export class PartBuffer {
  readonly #pool: BufferPool
  readonly #pieces: Piece[] = []
  readonly #spilled: { readonly file: SpillFile; readonly start: number; readonly end: number }[] = []
  #bytes = 0
  #held = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of it in memory. */
  get held(): number {
    return this.#held
  }

  /** Copies. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      let tail = this.#pieces.at(-1)
      if (tail === undefined || tail.length === tail.buffer.length) {
        // Small pieces at first: a thousand open files must not hold a large buffer each.
        const wanted = Math.max(bytes.length - at, this.#bytes >= blockBytes / 4 ? blockBytes : 0)
        tail = { buffer: this.#pool.take(Math.min(wanted, blockBytes)), length: 0 }
        this.#pieces.push(tail)
      }
      const length = Math.min(bytes.length - at, tail.buffer.length - tail.length)
      tail.buffer.set(bytes.subarray(at, at + length), tail.length)
      tail.length += length
      at += length
    }
    this.#bytes += bytes.length
    this.#held += bytes.length
  }

  /** Takes the buffer over. */
  adopt(buffer: Buffer, length: number): void {
    this.#pieces.push({ buffer, length })
    this.#bytes += length
    this.#held += length
  }

  /** Moves what is in memory to the file. */
  async spill(file: SpillFile): Promise<void> {
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      const start = await file.append(piece.buffer.subarray(0, piece.length))
      this.#spilled.push({ file, start, end: start + piece.length })
      this.#held -= piece.length
      this.#pieces.shift()
      this.#pool.give(piece.buffer)
    }
  }

  async body(withMd5: boolean): Promise<Body> {
    const body: Body = { length: this.#bytes, open: () => Readable.from(this.#read(), { objectMode: false }) }
    if (!withMd5) return body
    const md5 = createHash('md5')
    for await (const bytes of this.#read()) md5.update(bytes)
    return { ...body, md5: md5.digest('base64') }
  }

  async *#read(): AsyncGenerator<Buffer, void, void> {
    for (const { file, start, end } of this.#spilled) yield* file.read(start, end)
    for (const { buffer, length } of this.#pieces) yield buffer.subarray(0, length)
  }

  /** Gives the memory back; nothing may be read any more. */
  release(): void {
    for (const { buffer } of this.#pieces.splice(0)) this.#pool.give(buffer)
    this.#held = 0
  }
}
