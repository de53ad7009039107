import { Moment } from '../records/moment.ts'
import { SnapshotRecord } from '../records/snapshot-record.ts'
import type { PgConnection } from '../wire/pg-connection.ts'
import { errorFields, PgError } from '../wire/pg-error.ts'
import type { Stretch } from './snapshot-plan.ts'
import { type RowPlace, rangeOf } from './table-chunks.ts'

/** A batch ends at this many bytes of rows, whatever max.batch.size says: memory is bounded. */
const batchBytes = 4 * 1024 * 1024

const copyData = 0x64
const errorResponse = 0x45
const readyForQuery = 0x5a
const tab = 0x09

/** What a reader has to say. */
export interface Read {
  readonly stretch: Stretch
  readonly what: 'begin' | 'rows' | 'end'
  /** Only of `rows`, and then at least one. They may be read until the reader is asked again. */
  readonly records: SnapshotRecord[]
  /** Of the last record. */
  readonly place: RowPlace
}

const nowhere: RowPlace = ''

/** Reads stretches, one after the other, on a connection in the transaction of the snapshot. `take`: the next one. */
export async function* readStretches(
  connection: PgConnection,
  take: () => Stretch | undefined,
  maxBatchSize: number,
): AsyncGenerator<Read> {
  for (let stretch = take(); stretch !== undefined; stretch = take()) {
    yield { stretch, what: 'begin', records: [], place: nowhere }
    yield* readStretch(connection, stretch, maxBatchSize)
    yield { stretch, what: 'end', records: [], place: nowhere }
  }
}

async function* readStretch(connection: PgConnection, stretch: Stretch, maxBatchSize: number): AsyncGenerator<Read> {
  const { table, chunk } = stretch
  const { socket } = connection
  // The place of a row stands before its columns.
  const hasPlaces = table.plan.file !== undefined
  await connection.startCopy(table.plan.statement(rangeOf(chunk)))
  let records: SnapshotRecord[] = []
  let bytes = 0
  let moment = new Moment()
  let failure: PgError | undefined
  let place = nowhere
  for (let isOver = false; !isOver; ) {
    const { buf, end } = socket
    let { start } = socket
    let isFull = false
    let row = -1
    while (end - start >= 5 && !isFull && !isOver) {
      const next = start + 1 + buf.readInt32BE(start + 1)
      if (next > end) break
      const type = buf[start]
      if (type === copyData) {
        row = start + 5
        let at = row
        if (hasPlaces) while (buf[at++] !== tab) {}
        // The line end is no part of the row.
        records.push(new SnapshotRecord(table.from, buf, at, next - 1, moment))
        bytes += next - start
        isFull = records.length >= maxBatchSize || bytes >= batchBytes
      } else if (type === errorResponse) failure = new PgError(errorFields(buf, start + 5, next))
      else if (type === readyForQuery) isOver = true
      start = next
    }
    socket.start = start
    if (hasPlaces && row >= 0) place = buf.toString('latin1', row, buf.indexOf(tab, row))
    if (isOver && failure !== undefined) throw failure
    if (isFull || (isOver && records.length > 0)) {
      table.rows += records.length
      yield { stretch, what: 'rows', records, place }
      moment.end()
      socket.recycle()
      records = []
      bytes = 0
      moment = new Moment()
    } else if (failure !== undefined && failure.severity !== 'ERROR') throw failure
    else if (!isOver) await socket.more()
  }
}

/**
 * What several readers say, as it comes; each is one batch ahead at the most. A reader is asked again when the next is asked for. The
 * first failure is thrown; the others are left to whoever ends their connections.
 */
export async function* merged(readers: readonly AsyncGenerator<Read>[]): AsyncGenerator<Read> {
  const said: { readonly reader: AsyncGenerator<Read>; readonly result: IteratorResult<Read> }[] = []
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const ask = (reader: AsyncGenerator<Read>): void => {
    reader.next().then(
      result => {
        said.push({ reader, result })
        wake()
      },
      error => {
        failure ??= { error }
        wake()
      },
    )
  }
  let active = readers.length
  for (const reader of readers) ask(reader)
  while (active > 0) {
    const next = said.shift()
    if (failure !== undefined) throw failure.error
    if (next === undefined) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
      continue
    }
    if (next.result.done === true) active--
    else {
      yield next.result.value
      ask(next.reader)
    }
  }
}
