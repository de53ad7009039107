import type { ConfigProblem } from 'millrace'
import { explain, mayRetry, type SettingNames } from './problems.ts'
import { openStore, type StoreSettings } from './store.ts'

const patienceMs = 10_000

/** Asks the bucket for a list, with the credentials of the configuration: what is wrong, with the setting to correct. */
export const bucketProblems = async (
  settings: StoreSettings,
  prefix: string,
  names: SettingNames,
  signal: AbortSignal,
): Promise<readonly ConfigProblem[]> => {
  const store = await openStore(settings)
  const late = AbortSignal.timeout(patienceMs)
  try {
    const patience = AbortSignal.any([signal, late])
    // Twice, since some answers teach the SDK to do it right: a clock that is wrong, credentials that have just expired.
    await store.probe(prefix, patience).catch(error => {
      if (!mayRetry(error) || patience.aborted) throw error
      return store.probe(prefix, patience)
    })
    return []
  } catch (error) {
    if (late.aborted) {
      const place = settings.endpoint ?? `Amazon S3 in ${settings.region}`
      return [{ key: names.endpoint, message: `${place} did not answer within ${patienceMs / 1000} s` }]
    }
    const { key, message } = explain(error, settings, names)
    return [{ key: names[key], message }]
  } finally {
    store.close()
  }
}
