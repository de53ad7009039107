import { randomUUID } from 'node:crypto'
import { type BufferPool, blockBytes, smallest } from './buffer-pool.ts'
import type { Codec } from './codec.ts'
import type { Gate } from './gate.ts'
import { PartBuffer } from './part-buffer.ts'
import { isLostUpload } from './problems.ts'
import type { Requests } from './requests.ts'
import type { SpillFile, SpillFiles } from './spill-files.ts'
import type { ObjectStore } from './store.ts'

/** What all files of a task share. */
export interface FileTools {
  readonly store: ObjectStore
  readonly requests: Requests
  readonly pool: BufferPool
  readonly spills: SpillFiles
  readonly codec: Codec
  /** Limits how many blocks are compressed at once. */
  readonly encoder: Gate
  readonly partBytes: number
  readonly sendMd5: boolean
}

/** S3 takes no smaller part, but for the last. */
export const smallestPart = 5 * 1024 * 1024

/**
 * One object in the making: records are written into a block, full blocks are compressed, full parts are uploaded while
 * more comes. What fits one part goes up as a single request. The object appears whole, at the end of `finish`, or not at all.
 */
export class ObjectFile {
  readonly key: string
  /** As `ByteWriter`: call `reserve`, write at `pos`, advance it. */
  buf: Buffer
  pos = 0
  count = 0
  readonly #tools: FileTools
  readonly #stop = new AbortController()
  readonly #mark = randomUUID()
  readonly #etags: string[] = []
  readonly #sending: Promise<void>[] = []
  /** All parts but the last have the same size: some stores insist on it. */
  #partBytes: number
  #current: PartBuffer
  #spill: SpillFile | undefined
  /** Blocks in order: encoded side by side, appended one after the other. */
  #chain: Promise<void> = Promise.resolve()
  #upload: Promise<string> | undefined
  #grown = false

  constructor(key: string, tools: FileTools) {
    this.key = key
    this.#tools = tools
    this.#partBytes = tools.partBytes
    this.#current = new PartBuffer(tools.pool)
    this.buf = tools.pool.take(0)
  }

  /** Parts begun. S3 takes 10,000. */
  get parts(): number {
    return this.#sending.length
  }

  /** Bytes in memory that only wait for more to come: what `spill` would free. */
  get held(): number {
    return this.#current.held + (this.pos === 0 && this.buf.length <= smallest ? 0 : this.buf.length)
  }

  /** Room for `bytes` at `pos`. May hand over the block before: call it once per record, before writing anything of it. */
  reserve(bytes: number): void {
    const needed = this.pos + bytes
    if (needed <= this.buf.length) return
    const { pool } = this.#tools
    if (this.pos > 0 && needed > blockBytes) {
      this.#grown = true
      this.#seal()
      if (bytes <= this.buf.length) return
      pool.give(this.buf)
      this.buf = pool.take(Math.max(bytes, this.#grown ? blockBytes : 0))
      return
    }
    const larger = pool.take(needed)
    this.buf.copy(larger, 0, 0, this.pos)
    pool.give(this.buf)
    this.buf = larger
  }

  /** Hands the block over to be encoded and goes on with a new one. */
  #seal(): void {
    const { pool, codec, encoder } = this.#tools
    const block = this.buf
    const length = this.pos
    this.buf = pool.take(this.#grown ? blockBytes : 0)
    this.pos = 0
    const { compress } = codec
    if (compress === undefined) {
      this.#then(async () => this.#adopt(block, length))
      return
    }
    const encoding = encoder.run(() => compress(block.subarray(0, length)))
    // Awaited in order below; a failure there must not count as unhandled before.
    encoding.catch(() => {})
    this.#then(async () => {
      try {
        this.#append(await encoding)
      } finally {
        pool.give(block)
      }
    })
  }

  #then(step: () => Promise<void>): void {
    this.#chain = this.#chain.then(step)
    this.#chain.catch(() => {})
  }

  #append(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + this.#partBytes - this.#current.bytes)
      this.#current.append(bytes.subarray(at, end))
      at = end
      if (this.#current.bytes === this.#partBytes) this.#sendPart()
    }
  }

  #adopt(block: Buffer, length: number): void {
    const { pool } = this.#tools
    if (this.#current.bytes + length <= this.#partBytes) {
      this.#current.adopt(block, length)
      if (this.#current.bytes === this.#partBytes) this.#sendPart()
      return
    }
    this.#append(block.subarray(0, length))
    pool.give(block)
  }

  #sendPart(): void {
    const { store, requests, pool, sendMd5 } = this.#tools
    const part = this.#current
    this.#current = new PartBuffer(pool)
    const number = this.#sending.length + 1
    this.#upload ??= requests.send(() => store.createUpload(this.key, this.#mark), this.#stop.signal)
    const upload = this.#upload
    const sent = (async () => {
      try {
        const id = await upload
        const body = await part.body(sendMd5)
        this.#etags[number - 1] = await requests.send(
          () => store.uploadPart(this.key, id, number, body),
          this.#stop.signal,
        )
      } finally {
        part.release()
      }
    })()
    sent.catch(() => {})
    this.#sending.push(sent)
  }

  /** Memory is short: starts uploading with smaller parts, if there is enough for S3's smallest one and no part was begun. */
  cutPart(): boolean {
    if (this.parts > 0 || this.#current.bytes < smallestPart) return false
    this.#partBytes = this.#current.bytes
    this.#sendPart()
    return true
  }

  /** Moves what waits in memory to disk. */
  async spill(): Promise<void> {
    this.#grown = false
    if (this.pos > 0) this.#seal()
    else {
      this.#tools.pool.give(this.buf)
      this.buf = this.#tools.pool.take(0)
    }
    this.#then(async () => {
      this.#spill ??= this.#tools.spills.join()
      await this.#current.spill(this.#spill)
    })
    await this.#chain
  }

  /** Uploads the rest; resolves when the object is there (invariant 3). */
  async finish(): Promise<void> {
    const { store, requests, pool, sendMd5 } = this.#tools
    if (this.pos > 0) this.#seal()
    pool.give(this.buf)
    try {
      await this.#chain
      if (this.#upload === undefined) {
        const body = await this.#current.body(sendMd5)
        await requests.send(() => store.put(this.key, body), this.#stop.signal)
        return
      }
      if (this.#current.bytes > 0) this.#sendPart()
      await Promise.all(this.#sending)
      await this.#complete(await this.#upload)
    } finally {
      await this.#cleanUp()
    }
  }

  #complete(id: string): Promise<void> {
    const { store, requests } = this.#tools
    let unsure = false
    return requests.send(async () => {
      try {
        await store.complete(this.key, id, this.#etags)
      } catch (error) {
        // The answer to an earlier attempt was lost: the object may be there, with our mark on it.
        if (unsure && isLostUpload(error) && (await store.markOf(this.key)) === this.#mark) return
        unsure = true
        throw error
      }
    }, this.#stop.signal)
  }

  /**
   * Gives the object up. Resolves when no request of it is under way any more: only then is it certain that it will not
   * appear after all. Parts that went up are removed, as far as S3 lets us.
   */
  async abandon(finishing?: Promise<void>): Promise<void> {
    this.#stop.abort()
    if (finishing === undefined) {
      this.#tools.pool.give(this.buf)
      await this.#chain.catch(() => {})
      await Promise.allSettled(this.#sending)
      await this.#cleanUp()
    } else await finishing.then(undefined, () => {})
    const id = await this.#upload?.catch(() => undefined)
    // Already gone or not allowed: what is left is swept at the next start, or by the bucket's lifecycle rule.
    if (id !== undefined && !this.#tools.requests.ended) await this.#tools.store.abort(this.key, id).catch(() => {})
  }

  async #cleanUp(): Promise<void> {
    await this.#chain.catch(() => {})
    await Promise.allSettled(this.#sending)
    this.#current.release()
    const spill = this.#spill
    this.#spill = undefined
    await spill?.leave()
  }
}
