import { errorOf } from '../../protocol/error-codes.ts'

/** What was known of a batch when its answer came. */
export interface BatchFacts {
  readonly count: number
  /** An earlier attempt ended without an answer. */
  readonly uncertain: boolean
  readonly idempotent: boolean
  /** The offset after the last one this producer had acknowledged here; -1: none yet. */
  readonly acknowledgedEnd: number
  /** From the answer; -1: the broker does not tell. */
  readonly logStartOffset: number
}

/**
 * - `acknowledge`: the records are in the log
 * - `retry`: the same bytes again, after a look at the metadata
 * - `split`: the records again, in smaller batches
 * - `renumber`: the same records again under a new epoch, from sequence 0: nothing of this batch can be in the log
 * - `fail`: this batch cannot be written; the ones after it can
 * - `fail-all`: the broker misses records that were acknowledged, or we are fenced: nothing that waits may follow them
 */
export type Outcome = 'acknowledge' | 'retry' | 'split' | 'renumber' | 'fail' | 'fail-all'

/** The decision of a producer, by error code. Pure. */
export function outcomeOf(errorCode: number, facts: BatchFacts): Outcome {
  if (errorCode === 0) return 'acknowledge'
  const { name, retriable } = errorOf(errorCode)
  switch (name) {
    case 'DUPLICATE_SEQUENCE_NUMBER':
      // An attempt before this one has written it (invariant 6).
      return 'acknowledge'
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return facts.count > 1 ? 'split' : 'fail'
    case 'UNKNOWN_PRODUCER_ID':
      // Only when retention took all this producer wrote is a new beginning no gap (KIP-360).
      return facts.idempotent &&
        !facts.uncertain &&
        facts.logStartOffset > 0 &&
        facts.logStartOffset >= facts.acknowledgedEnd
        ? 'renumber'
        : 'fail-all'
    case 'OUT_OF_ORDER_SEQUENCE_NUMBER':
    case 'INVALID_PRODUCER_EPOCH':
    case 'PRODUCER_FENCED':
    case 'INVALID_PRODUCER_ID_MAPPING':
      return 'fail-all'
    case 'UNKNOWN_SERVER_ERROR':
    case 'NOT_CONTROLLER':
      return 'fail'
    default:
      return retriable ? 'retry' : 'fail'
  }
}
