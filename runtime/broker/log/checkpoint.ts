import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from './file-io.ts'
import { noTransactions, type TransactionSnapshot } from './partition-transactions.ts'
import type { ProducerSnapshot } from './producer-states.ts'

const FILE = 'checkpoint.json'
const FORMAT = 1

/** What a partition's folder remembers beside its segments. */
export interface Checkpoint {
  /** First offset that may be read; DeleteRecords moves it into the middle of a segment. */
  readonly startOffset: number
  /** Everything below is compacted. */
  readonly cleanedTo: number
  /** `producers` and `transactions` know every batch below this offset, and none behind it. */
  readonly producersTo: number
  readonly producers: readonly ProducerSnapshot[]
  readonly transactions: TransactionSnapshot
}

const none: Checkpoint = { startOffset: 0, cleanedTo: 0, producersTo: 0, producers: [], transactions: noTransactions }

/** Synchronous: read once per partition, at start. Without a file everything is at its beginning. Throws when it is damaged. */
export function readCheckpoint(folder: string): Checkpoint {
  let text: string
  try {
    text = readFileSync(join(folder, FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none
    throw error
  }
  try {
    const { format, ...checkpoint } = JSON.parse(text) as Checkpoint & { readonly format: number }
    if (format !== FORMAT) throw new Error(`format ${format}, this version reads ${FORMAT}`)
    // A partition that never saw a transaction may have a checkpoint that does not speak of them.
    return { ...none, ...checkpoint }
  } catch (error) {
    throw new Error(`${join(folder, FILE)} cannot be read: ${(error as Error).message}. Remove it to scan the log`, {
      cause: error,
    })
  }
}

export const writeCheckpoint = (folder: string, checkpoint: Checkpoint): Promise<void> =>
  replaceFile(join(folder, FILE), JSON.stringify({ format: FORMAT, ...checkpoint }))
