import type { Log, SinkRecord, TopicPartition } from 'millrace'
import type { Format } from './format.ts'
import { keyOf, type Layout, listAfter, offsetOf, type Slot } from './layout.ts'
import { type FileTools, ObjectFile } from './object-file.ts'
import { type Cause, Rotation, type RotationSettings } from './rotation.ts'
import { sweepUploads } from './sweep.ts'

/** A place in the bucket that a topic partition writes to. */
export interface Spot {
  readonly slot: Slot
  readonly place: string
  /** First offsets of objects that were there before us, ascending. */
  readonly stored: readonly number[]
  /** Index in `stored` of the first one beyond the start of the last file. */
  next: number
  file: ObjectFile | undefined
  /** First and last offset in the open file. */
  first: number
  last: number
}

export interface WriterTools extends FileTools {
  readonly layout: Layout
  readonly format: Format
  readonly rotation: RotationSettings
  readonly log: Log
  /** Called when an object is there. */
  readonly stored: (key: string, first: number, last: number, count: number) => Promise<void>
  /** Files closed together did not make it. */
  readonly failed: (writer: PartitionWriter, error: unknown) => void
}

/** Files closed together: what is in them counts as delivered when all of them are there. */
interface Group {
  readonly end: number
  readonly files: readonly { readonly file: ObjectFile; readonly finishing: Promise<void> }[]
  done: boolean
}

const maxSpots = 1000
const spotKey = (record: SinkRecord, place: string): string => `${record.partition}/${record.topic}/${place}`

/**
 * Writes one topic partition. Names depend only on topic, partition, place and first offset, and a file never runs across a
 * name that was there before: it ends there, and the next one begins there, under the same name. So whatever was stored
 * before a crash, cut by whatever clock or settings, is overwritten by the repeated delivery, and no row is there twice
 * (invariant 6; docs/adr, "S3 objects exactly once").
 */
export class PartitionWriter implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset expected; undefined until the first record. */
  next: number | undefined
  /** The number of the `write` call that this writer took part in last, and its first offset in it. */
  call = 0
  callFrom = 0
  /** Offsets from here on were taken by a call of `write` that is being repeated. */
  retryFrom: number | undefined
  /** What comes in this call is read again later: leave it. */
  skipping = false
  readonly #tools: WriterTools
  readonly #rotation: Rotation
  readonly #spots = new Map<string, Spot>()
  #groups: Group[] = []
  /** Ends of groups that are delivered with all before them, ascending. */
  #delivered: number[] = []
  #open: Spot[] = []
  /** Offsets below were given out as committable, or were committed before us. */
  #committed: number
  /** Places were forgotten: an unfinished upload at a new place may be our own. */
  #forgot = false
  #last: Spot | undefined
  #lastTopic = ''
  #lastPartition = -1

  constructor(at: TopicPartition, from: number, tools: WriterTools) {
    this.topic = at.topic
    this.partition = at.partition
    this.#committed = from
    this.#tools = tools
    this.#rotation = new Rotation(tools.rotation)
  }

  /** When open files are due by the wall clock, ms; infinite when none are. */
  get due(): number {
    return this.#rotation.due
  }

  get openFiles(): readonly ObjectFile[] {
    return this.#open.map(spot => spot.file!)
  }

  /** Closed files are on their way. */
  get busy(): boolean {
    return this.#groups.length > 0
  }

  /** Where the record goes, when that was asked of the store before. */
  knownSpot(record: SinkRecord, place: string): Spot | undefined {
    const last = this.#last
    if (last?.place === place && record.topic === this.#lastTopic && record.partition === this.#lastPartition)
      return last
    const known = this.#spots.get(spotKey(record, place))
    if (known !== undefined) this.#remember(record, known)
    return known
  }

  /** Asks the store what is at the record's place already: once per place. */
  async learnSpot(record: SinkRecord, place: string): Promise<Spot> {
    const { layout, store, log } = this.#tools
    const slot = layout.slotOf(record.topic, record.partition, place)
    const { offset } = record.original
    if (this.#spots.size >= maxSpots) this.#forgetSpots()
    const stored = (await store.list(slot.before, listAfter(slot, offset)))
      .map(key => offsetOf(slot, key) ?? -1)
      .filter(start => start >= offset)
      .sort((a, b) => a - b)
    if (!this.#forgot) await sweepUploads(store, slot, log)
    if (stored.length > 0) {
      log.info('Objects beyond the committed offset are there already: they are written again, under the same names', {
        topicPartition: `${this.topic}-${this.partition}`,
        from: offset,
        objects: stored.length,
      })
    }
    const spot: Spot = { slot, place, stored, next: 0, file: undefined, first: offset, last: offset }
    this.#spots.set(spotKey(record, place), spot)
    this.#remember(record, spot)
    return spot
  }

  /** Places that are written to again are asked for again. */
  #forgetSpots(): void {
    this.#forgot = true
    this.#last = undefined
    for (const [key, spot] of this.#spots) if (spot.file === undefined) this.#spots.delete(key)
  }

  #remember(record: SinkRecord, spot: Spot): void {
    this.#last = spot
    this.#lastTopic = record.topic
    this.#lastPartition = record.partition
  }

  /** Writes the record. Throws DataError when it does not fit the format; nothing of it is written then. */
  take(record: SinkRecord, spot: Spot, timestamp: number | undefined, now: number): void {
    const { offset } = record.original
    const { format } = this.#tools
    const stored = spot.file !== undefined && spot.next < spot.stored.length && spot.stored[spot.next]! <= offset
    const next = { timestamp, place: spot.place, schema: record.valueSchema, open: spot.file !== undefined, stored }
    const before = this.#rotation.before(next, now)
    if (before !== undefined) {
      this.rotate(before)
      next.open = false
    }
    const file = spot.file ?? this.#openFile(spot, offset)
    try {
      format.write(file, record, file.count === 0)
    } catch (error) {
      if (file.count === 0) this.#dropEmpty(spot, file)
      throw error
    }
    file.count++
    spot.last = offset
    const after = this.#rotation.after(next, now, file.parts)
    // The files end behind this record, whatever the next one is.
    if (after !== undefined) this.rotate(after, offset + 1)
  }

  #openFile(spot: Spot, offset: number): ObjectFile {
    while (spot.next < spot.stored.length && spot.stored[spot.next]! <= offset) spot.next++
    const file = new ObjectFile(keyOf(spot.slot, offset), this.#tools)
    spot.file = file
    spot.first = offset
    this.#open.push(spot)
    return file
  }

  #dropEmpty(spot: Spot, file: ObjectFile): void {
    spot.file = undefined
    this.#open = this.#open.filter(other => other !== spot)
    // Nothing of it was sent: this only gives its memory back.
    void file.abandon()
  }

  /** Closes the files that the schedule says are due. */
  idle(now: number): void {
    const cause = this.#rotation.idle(now)
    if (cause !== undefined) this.rotate(cause)
  }

  /** Closes all open files; what is in them counts as one. */
  rotate(cause: Cause, end = this.next ?? this.#committed): void {
    if (this.#open.length === 0) return
    const { format, stored, log } = this.#tools
    log.debug('Files are closed', { topicPartition: `${this.topic}-${this.partition}`, cause, end })
    const files = this.#open.map(spot => {
      const { first, last } = spot
      const file = spot.file!
      format.end?.(file)
      spot.file = undefined
      const finishing = file.finish().then(() => stored(file.key, first, last, file.count))
      return { file, finishing }
    })
    this.#open = []
    this.#rotation.rotated()
    const group: Group = { end, files, done: false }
    this.#groups.push(group)
    Promise.all(files.map(({ finishing }) => finishing)).then(
      () => this.#finished(group),
      error => {
        // A group of before a reset belongs to nobody any more.
        if (this.#groups.includes(group)) this.#tools.failed(this, error)
      },
    )
  }

  #finished(group: Group): void {
    group.done = true
    while (this.#groups[0]?.done === true) this.#delivered.push(this.#groups.shift()!.end)
    this.#tools.pool.notify()
  }

  /**
   * The greatest offset not beyond `upTo` that may be committed, undefined when there is none. Always the end of a group, so
   * that a repeated delivery begins where an object begins.
   */
  committable(upTo: number): number | undefined {
    if (this.next === undefined) return undefined
    let safe: number | undefined
    while (this.#delivered.length > 0 && this.#delivered[0]! <= upTo) safe = this.#delivered.shift()
    // Nothing is in the making: what was given is delivered, or was left out on purpose (invariant 3).
    if (this.#open.length === 0 && this.#groups.length === 0 && this.#delivered.length === 0) safe = upTo
    if (safe !== undefined) this.#committed = safe
    return safe
  }

  /**
   * Gives up what is in the making; the next record may have any offset. Resolves when no request is under way that might
   * still make an old object appear over a new one.
   */
  async reset(): Promise<void> {
    const groups = this.#groups
    const open = this.openFiles
    this.#groups = []
    this.#open = []
    this.#delivered = []
    this.#spots.clear()
    this.#last = undefined
    this.#rotation.rotated()
    this.next = undefined
    this.retryFrom = undefined
    await Promise.all([
      ...open.map(file => file.abandon()),
      ...groups.flatMap(group => group.files.map(({ file, finishing }) => file.abandon(finishing))),
    ])
  }

  /** Where reading must begin again after something was lost. */
  get restart(): number {
    return this.#delivered.at(-1) ?? this.#committed
  }
}
