import { withoutNulls } from '../config/without-nulls.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { Secrets } from '../worker/error-text.ts'

/** What must not be shown of a connector's settings: what looks like a secret, and what variables stand for. */
export const configSecrets = async (
  props: ConnectorProps,
  resolve: (props: ConnectorProps) => Promise<ConnectorProps>,
): Promise<Secrets> => {
  // Even the settings that cannot be resolved may hold secrets.
  const resolved = await resolve(props).catch(() => props)
  const given = withoutNulls(resolved)
  return new Secrets(
    given,
    Object.entries(given).flatMap(([key, value]) => (value === props[key] ? [] : [value])),
  )
}
