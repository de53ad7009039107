import type { TopicPartition, TopicPartitionOffset } from '../api/record.ts'

interface Position extends TopicPartition {
  /** The next offset that was not passed to `write` successfully yet. */
  written: number
  /** The next offset by the last commit; at first where the partition began. */
  committed: number
  /** By the connector (`ctx.pause`). */
  paused: boolean
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

/** The assigned partitions of a sink task and how far each is. No I/O. */
export class SinkPartitions {
  readonly #positions = new Map<string, Position>()

  get size(): number {
    return this.#positions.size
  }

  has(at: TopicPartition): boolean {
    return this.#positions.has(keyOf(at))
  }

  all(): readonly TopicPartition[] {
    return Array.from(this.#positions.values(), ({ topic, partition }) => ({ topic, partition }))
  }

  /** Those that the connector did not pause. */
  flowing(): readonly TopicPartition[] {
    return Array.from(this.#positions.values())
      .filter(({ paused }) => !paused)
      .map(({ topic, partition }) => ({ topic, partition }))
  }

  assign(partitions: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset } of partitions)
      this.#positions.set(keyOf({ topic, partition }), {
        topic,
        partition,
        written: offset,
        committed: offset,
        paused: false,
      })
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.#positions.delete(keyOf(at))
  }

  isPaused(at: TopicPartition): boolean {
    return this.#positions.get(keyOf(at))?.paused === true
  }

  setPaused(at: TopicPartition, paused: boolean): void {
    const position = this.#positions.get(keyOf(at))
    if (position !== undefined) position.paused = paused
  }

  written(at: TopicPartition): number | undefined {
    return this.#positions.get(keyOf(at))?.written
  }

  /** `write` took everything before this offset. */
  wrote({ topic, partition, offset }: TopicPartitionOffset): void {
    const position = this.#positions.get(keyOf({ topic, partition }))
    if (position !== undefined) position.written = offset
  }

  /** Reading goes on elsewhere; what was committed or written before says nothing about what comes. */
  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const position = this.#positions.get(keyOf({ topic, partition }))
    if (position === undefined) return
    position.written = offset
    position.committed = offset
  }

  /** The next offset of each of these partitions, as `flush` gets it. */
  upTo(partitions: readonly TopicPartition[]): readonly TopicPartitionOffset[] {
    return partitions.flatMap(at => {
      const position = this.#positions.get(keyOf(at))
      return position === undefined ? [] : [{ topic: at.topic, partition: at.partition, offset: position.written }]
    })
  }

  /**
   * What of the connector's answer may be committed: of assigned partitions, nothing beyond what was written (invariant 3),
   * nothing that is committed already. The rest comes back as `refused`.
   */
  allowed(answer: readonly TopicPartitionOffset[]): {
    readonly commit: readonly TopicPartitionOffset[]
    readonly refused: readonly TopicPartitionOffset[]
  } {
    const commit: TopicPartitionOffset[] = []
    const refused: TopicPartitionOffset[] = []
    for (const each of answer) {
      const position = this.#positions.get(keyOf(each))
      if (position === undefined || each.offset > position.written || !(each.offset >= 0)) refused.push(each)
      else if (each.offset !== position.committed) commit.push(each)
    }
    return { commit, refused }
  }

  committed(offsets: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const position = this.#positions.get(keyOf({ topic, partition }))
      if (position !== undefined) position.committed = offset
    }
  }

  /** Back to the last commit; returns where to read on. */
  rewind(): readonly TopicPartitionOffset[] {
    return Array.from(this.#positions.values(), position => {
      position.written = position.committed
      return { topic: position.topic, partition: position.partition, offset: position.committed }
    })
  }

  /** Offsets written and not committed, over all partitions. */
  uncommitted(): number {
    let sum = 0
    for (const { written, committed } of this.#positions.values()) sum += Math.max(0, written - committed)
    return sum
  }
}
