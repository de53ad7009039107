import type { ConnectRecord } from '../api/record.ts'
import { RecordError } from './record-error.ts'
import type { Tolerance } from './tolerance.ts'
import type { ChainStep, TransformChain } from './transform-chain.ts'

const applyStep = (step: ChainStep, record: ConnectRecord): ConnectRecord | null => {
  try {
    return step.apply(record)
  } catch (error) {
    throw new RecordError('TRANSFORMATION', step.className, error)
  }
}

/** Takes one record through all steps; null when one drops it. Throws RecordError. */
export const transformRecord = (chain: TransformChain, input: ConnectRecord): ConnectRecord | null => {
  let record: ConnectRecord | null = input
  for (const step of chain.steps) {
    record = applyStep(step, record)
    if (record === null) return null
  }
  return record
}

/** What became of a record of a batch; an error is for the tolerance. */
export type Transformed = ConnectRecord | null | RecordError

export const isRecord = (outcome: Transformed): outcome is ConnectRecord =>
  outcome !== null && !(outcome instanceof RecordError)

/**
 * Takes a batch through a chain that prepares: step by step, so that each sees in `prepare` the records it is about to get.
 * The outcomes stand at the places of the inputs.
 */
export const transformBatch = async (
  chain: TransformChain,
  inputs: readonly Transformed[],
  tolerance: Tolerance,
  signal?: AbortSignal,
): Promise<readonly Transformed[]> => {
  let records = inputs
  for (const step of chain.steps) {
    const { prepare } = step
    if (prepare !== undefined) {
      const live = records.filter(isRecord)
      if (live.length > 0) await tolerance.attempt(() => prepare(live), 'TRANSFORMATION', step.className, signal)
    }
    records = records.map(record => {
      if (!isRecord(record)) return record
      try {
        return applyStep(step, record)
      } catch (error) {
        return error as RecordError
      }
    })
  }
  return records
}

/** The record, or null; throws the error that an outcome is. */
export const recordOf = (outcome: Transformed): ConnectRecord | null => {
  if (outcome instanceof RecordError) throw outcome
  return outcome
}
