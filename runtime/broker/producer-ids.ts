import type { MetaFile } from './meta-file.ts'

const BLOCK = 1000

/** Ids for idempotent producers, never given twice: they are reserved on disk in blocks before they are given. */
export class ProducerIds {
  readonly #meta: MetaFile
  #next: number
  #reservedTo: number
  #reserving: Promise<void> | null = null

  constructor(meta: MetaFile) {
    this.#meta = meta
    this.#next = this.#reservedTo = meta.content.nextProducerId
  }

  async next(): Promise<number> {
    while (this.#next >= this.#reservedTo) await (this.#reserving ??= this.#reserve())
    return this.#next++
  }

  async #reserve(): Promise<void> {
    const to = this.#reservedTo + BLOCK
    try {
      await this.#meta.update({ nextProducerId: to })
      this.#reservedTo = to
    } finally {
      this.#reserving = null
    }
  }
}
