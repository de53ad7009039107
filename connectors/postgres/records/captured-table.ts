import type { Schema } from 'millrace'
import type { RowLayout } from './row-layout.ts'
import type { SourceBlock } from './source-block.ts'

/** A table as records see it: layouts and schemas of one form of it. A changed table is another object. */
export interface CapturedTable {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly topic: string
  readonly row: RowLayout
  readonly envelopeSchema: Schema
  /** undefined: no key. */
  readonly key: RowLayout | undefined
  readonly keySchema: Schema | null
  readonly source: SourceBlock
  /** Names of all fields that the server sends, in its order. */
  readonly sent: readonly string[]
  /** Of them, those of the primary key, whatever the key of the records is. */
  readonly primaryKey: readonly string[]
}
