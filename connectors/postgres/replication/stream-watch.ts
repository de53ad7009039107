import type { OffsetMap, SourceRecord } from 'millrace'
import type { CapturedTable } from '../records/captured-table.ts'
import type { Operation } from '../records/change-record.ts'
import type { StreamPlace } from '../records/snapshot-record.ts'
import type { RelationMessage } from './messages.ts'

/** Looks at the stream while it is decoded, and adds to it: signals and incremental snapshots. */
export interface StreamWatch {
  /** What stored positions carry besides, from here on; undefined: nothing. Another object when it changes. */
  readonly members: OffsetMap | undefined
  /** Called when something became due though nothing arrived. */
  onAttention: () => void
  began(xid: number): void
  relation(message: RelationMessage): void
  /**
   * A change that becomes a record next; tuples as in the message, -1 for none. True: the record waits until `act` has run, and its
   * position has the members that are then.
   */
  changed(op: Operation, table: CapturedTable, buf: Buffer, oldAt: number, newAt: number): boolean
  /**
   * Asked outside of transactions; all before `received` has gone by. `now`: `act` must run. `ask`: the server should say how far it
   * is. Otherwise undefined.
   */
  due(received: number): 'now' | 'ask' | undefined
  /** Batches that stand in the stream at this place. */
  act(place: StreamPlace): AsyncGenerator<readonly SourceRecord[]>
  close(): void
}
