import type { Segment } from './segment.ts'

/** The segments of a partition, by base offset; the last one is active: appends go there. Never empty. */
export class SegmentList {
  #segments: Segment[]

  constructor(segments: readonly Segment[]) {
    this.#segments = [...segments]
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get active(): Segment {
    return this.#segments.at(-1)!
  }

  get first(): Segment {
    return this.#segments[0]!
  }

  get closed(): readonly Segment[] {
    return this.#segments.slice(0, -1)
  }

  /** Index of the segment that would hold the offset. */
  floor(offset: number): number {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#segments[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  at(index: number): Segment | undefined {
    return this.#segments[index]
  }

  push(segment: Segment): void {
    this.#segments.push(segment)
  }

  /** Puts others (or none) in the place of these, which stand one behind the other. */
  replace(old: readonly Segment[], by: readonly Segment[]): void {
    const start = this.#segments.indexOf(old[0]!)
    if (start < 0) throw new Error(`segment ${old[0]!.path} is not in the list`)
    this.#segments = [...this.#segments.slice(0, start), ...by, ...this.#segments.slice(start + old.length)]
  }

  /** Written bytes in all of them. */
  get sizeInBytes(): number {
    let bytes = 0
    for (const segment of this.#segments) bytes += segment.size
    return bytes
  }
}
