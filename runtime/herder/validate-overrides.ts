import { CodedError } from '../base/errors.ts'
import { type ClientKind, clientSpecs } from '../config/client-configs.ts'
import { parseField } from '../config/parse.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { keyInfo, shownValue, type Validation, valueInfo } from './config-infos.ts'

const principalKeys = new Set(['sasl.jaas.config', 'sasl.mechanism', 'security.protocol'])

/** `connector.client.config.override.policy`, an alias or a class, as the name in messages. */
const policyName = (policy: string): string =>
  policy.slice(policy.lastIndexOf('.') + 1).replace(/ConnectorClientConfigOverridePolicy$/, '')

const allows = (policy: string, key: string, allowlist: readonly string[]): boolean =>
  policy === 'All' ||
  (policy === 'Principal' && principalKeys.has(key)) ||
  (policy === 'Allowlist' && allowlist.includes(key))

/** Which clients a connector has, and so which overrides are looked at. */
const clientsOf = (kind: 'source' | 'sink', props: ConnectorProps): readonly ClientKind[] => {
  const deadLetters = (props['errors.deadletterqueue.topic.name'] ?? '').trim() !== ''
  if (kind === 'sink') return deadLetters ? ['producer', 'consumer', 'admin'] : ['consumer']
  const creates = Object.keys(props).some(key => key.startsWith('topic.creation.'))
  return creates ? ['producer', 'admin'] : ['producer']
}

/**
 * Adds the `*.override.*` settings. A key that the policy forbids is an error of its entry; one that has no place in its client's
 * type refuses the whole request, as Kafka Connect does (CodedError).
 */
export const validateOverrides = (
  validation: Validation,
  props: ConnectorProps,
  kind: 'source' | 'sink',
  policy: string,
  allowlist: readonly string[],
): void => {
  const name = policyName(policy)
  for (const client of clientsOf(kind, props)) {
    const prefix = `${client}.override.`
    const keys = Object.keys(props).filter(key => key.startsWith(prefix))
    validation.part(
      keys.map(key => {
        const own = key.slice(prefix.length)
        const field = clientSpecs[client][own]
        const parsed = field === undefined ? undefined : parseField(own, field, { [own]: props[key] })
        if (parsed !== undefined && parsed.value === undefined && parsed.problems.length > 0)
          throw new CodedError('CLIENT_OVERRIDE', { reason: parsed.problems[0]! })
        const errors = allows(name, own, allowlist)
          ? []
          : [`The '${name}' policy does not allow '${own}' to be overridden in the connector configuration.`]
        return {
          definition: field === undefined ? null : { ...keyInfo(own, field, -1), name: key },
          value: valueInfo(key, shownValue(parsed?.value ?? props[key]), errors),
        }
      }),
    )
  }
}
