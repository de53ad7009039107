import { RecordError } from './record-error.ts'
import type { Tolerance } from './tolerance.ts'

/**
 * Runs the way of one record again for as long as the tolerance retries its error. The result, or the last RecordError, which
 * is to be given up. What is no RecordError (an abort, a fault of ours) is thrown.
 */
export const retryRecord = async <T>(
  tolerance: Tolerance,
  failed: RecordError,
  signal: AbortSignal | undefined,
  operation: () => Promise<T>,
): Promise<T | RecordError> => {
  if (!tolerance.retries(failed.cause)) return failed
  let last = failed
  try {
    return await tolerance.retry(
      async () => {
        try {
          return await operation()
        } catch (error) {
          if (!(error instanceof RecordError)) throw error
          last = error
          // The tolerance judges what happened, not our wrapping of it.
          throw error.cause
        }
      },
      failed.cause,
      signal,
    )
  } catch (error) {
    if (error === last.cause) return last
    throw error
  }
}
