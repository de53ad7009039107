import type { Log, SourceRecord } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import type { PgConnection } from '../wire/pg-connection.ts'
import { leaveOutFailing } from './failing-events.ts'
import { Reselect } from './reselect.ts'

/** What the settings want done with every batch of the stream; undefined: nothing. */
export const finisher = (
  settings: Settings,
  log: Log,
  connection: () => Promise<PgConnection>,
): ((batch: SourceRecord[]) => Promise<void>) | undefined => {
  const mode = settings.config.eventProcessingFailureHandlingMode.toLowerCase()
  const reselects = settings.reselects.map(each => new Reselect(each, log, connection))
  if (mode === 'fail' && reselects.length === 0) return undefined
  return async batch => {
    for (const reselect of reselects) await reselect.apply(batch)
    if (mode !== 'fail') leaveOutFailing(batch, mode === 'warn' ? log : undefined)
  }
}
