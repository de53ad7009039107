/** The order in which S3 lists keys: by their UTF-8 bytes, which is by code points. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates stand for code points above all others, though their numbers are below those of U+E000 and up.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000
    }
    return x - y
  }
  return a.length - b.length
}

/** Keys in listing order, found by halving. */
export class SortedKeys {
  readonly #keys: string[]

  constructor(keys: Iterable<string>) {
    this.#keys = [...keys].sort(compareKeys)
  }

  get size(): number {
    return this.#keys.length
  }

  at(index: number): string | undefined {
    return this.#keys[index]
  }

  /** The index of the first key at or after this one. */
  indexOf(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareKeys(this.#keys[middle]!, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  add(key: string): void {
    const at = this.indexOf(key)
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key)
  }

  delete(key: string): void {
    const at = this.indexOf(key)
    if (this.#keys[at] === key) this.#keys.splice(at, 1)
  }
}
