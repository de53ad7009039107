import { randomUUID } from 'node:crypto'
import type { Header } from 'millrace'
import { s } from 'millrace'
import type { Settings } from '../settings/settings.ts'

/** The headers that Debezium gives every record of a run; none where `extended.headers.enabled` is off. */
export const contextHeaders = (settings: Settings, task: number): readonly Header[] => {
  if (!settings.config.extendedHeadersEnabled) return []
  const schema = s.string()
  return Object.freeze(
    Object.entries({
      connectorLogicalName: settings.prefix,
      taskId: String(task),
      connectorName: 'postgresql',
      runId: randomUUID(),
    }).map(([name, value]) => ({ key: `__debezium.context.${name}`, schema, value })),
  )
}
