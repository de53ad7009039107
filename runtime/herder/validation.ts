import type { Log } from '../api/context.ts'
import type { SourceDefinition } from '../api/define.ts'
import { ConnectError, isConfigError } from '../api/errors.ts'
import { hashOrder } from '../api/hash-order.ts'
import { deadline } from '../base/abort.ts'
import { CodedError } from '../base/errors.ts'
import { sinkSpec, sourceSpec } from '../config/connector-config.ts'
import { parseConfig } from '../config/parse.ts'
import { restartSpec, setsRestarts } from '../config/restart-config.ts'
import { isSecretKey } from '../config/secret-key.ts'
import { withoutNulls } from '../config/without-nulls.ts'
import { shortNames } from '../plugins/names.ts'
import type { PluginRegistry } from '../plugins/registry.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { briefly } from '../task/activity.ts'
import { topicPattern } from '../task/topic-pattern.ts'
import { hidingLog, Secrets } from '../worker/error-text.ts'
import { supportsExactlyOnce } from '../worker/exactly-once.ts'
import type { ConnectorDefinition } from '../worker/plugin-access.ts'
import { classMissing, strays } from './advice.ts'
import { Validation } from './config-infos.ts'
import type { ConfigInfos } from './entities.ts'
import { validateOverrides } from './validate-overrides.ts'
import { amendVersion, validateConverters, validateStages } from './validate-plugins.ts'

export interface ValidationParts {
  readonly plugins: PluginRegistry
  readonly log: Log
  /** Puts variables' values in; what cannot be resolved stays. */
  readonly resolve: (props: ConnectorProps) => Promise<ConnectorProps>
  /** The worker's own properties, resolved. */
  readonly workerProps: Readonly<Record<string, string>>
  /** Time for a connector to look outside, ms. */
  readonly timeoutMs?: number
}

/** Checks a connector's settings: framework, connector, transforms, converters, overrides; last what only the outside can tell. */
export class Validator {
  readonly #parts: ValidationParts

  constructor(parts: ValidationParts) {
    this.#parts = parts
  }

  /** Everything wrong with these settings; throws CodedError when there is no connector class to ask. */
  async validate(raw: ConnectorProps, outside = true): Promise<ConfigInfos> {
    const { plugins, workerProps } = this.#parts
    const props = await this.#parts.resolve(raw)
    const className = props['connector.class'] ?? undefined
    if (className === undefined)
      throw new CodedError('NO_CONNECTOR_TYPE', { config: shownConfig(raw) }, classMissing(raw))
    const location = await this.#locate(className.trim())
    const definition = await plugins.load<ConnectorDefinition>(className.trim())
    const validation = new Validation(props)
    validation.add(definition.kind === 'sink' ? sinkSpec : sourceSpec)
    if (setsRestarts(props)) validation.add(restartSpec)
    amendVersion(validation, props, 'connector.plugin.version', location.version)
    await validateStages(validation, props, plugins)
    validation.add(definition.config)
    if (definition.kind === 'sink') {
      topics(validation)
      consumerGroup(validation, props, workerProps['group.id']?.trim())
    } else exactlyOnce(validation, definition, props, supportsExactlyOnce(workerProps))
    nulls(validation, props, definition)
    validateOverrides(
      validation,
      props,
      definition.kind,
      workerProps['connector.client.config.override.policy']?.trim() || 'All',
      (workerProps['connector.client.config.override.allowlist'] ?? '').split(',').map(key => key.trim()),
    )
    await validateConverters(validation, props, plugins, workerProps)
    if (outside && definition.validate !== undefined && validation.clean(definition.config))
      await this.#outside(validation, definition, props)
    const infos = validation.result(className)
    const warnings = strays(props, definition, infos)
    for (const { message, hint } of warnings)
      if (hint !== undefined) this.#parts.log.warn(`${message}. ${hint}`, { connector: props['name'] })
    return veiled(warnings.length === 0 ? infos : { ...infos, warnings }, raw, props)
  }

  async #locate(className: string) {
    try {
      return await this.#parts.plugins.locate(className)
    } catch (error) {
      if (!isConfigError(error)) throw error
      const hint = this.#parts.plugins.hint(className, ['source', 'sink'])
      throw new CodedError(
        'CONNECTOR_CLASS_NOT_FOUND',
        { reason: error.message },
        { cause: error, configKey: 'connector.class', ...(hint !== undefined && { hint }) },
      )
    }
  }

  async #outside(validation: Validation, definition: ConnectorDefinition, props: ConnectorProps): Promise<void> {
    const { log, timeoutMs = 30_000 } = this.#parts
    const { config } = parseConfig(definition.config, props)
    const originals = withoutNulls(props)
    const secrets = new Secrets(originals)
    secrets.declare(definition.config, originals)
    const ctx = {
      connector: props['name'] ?? '',
      log: hidingLog(log, secrets),
      originals,
      signal: AbortSignal.timeout(timeoutMs),
    }
    const check = async () => definition.validate!(config as never, ctx)
    try {
      // Whoever asks is answered in time, also where a connector does not follow its signal.
      const problems = await deadline(
        check(),
        timeoutMs,
        () => new ConnectError(`what it connects to did not answer within ${timeoutMs / 1000} s`),
      )
      for (const { key, message } of problems ?? []) validation.error(key, message)
    } catch (error) {
      validation.error(
        isConfigError(error) ? (error.key ?? 'connector.class') : 'connector.class',
        `The configuration could not be checked: ${secrets.hide(briefly(error))}`,
      )
    }
  }
}

const topics = (validation: Validation): void => {
  const names = (validation.value('topics') ?? []) as readonly string[]
  const regex = (validation.value('topics.regex') ?? '') as string
  const both = (message: string) => {
    validation.error('topics', message)
    validation.error('topics.regex', message)
  }
  if (names.length > 0 && regex !== '')
    both('topics and topics.regex are mutually exclusive options, but both are set.')
  if (names.length === 0 && regex === '') both('Must configure one of topics or topics.regex')
  if (new Set(names).size < names.length)
    validation.error('topics', "Configuration 'topics' values must not be duplicated.")
  let pattern: RegExp | undefined
  try {
    if (regex !== '') pattern = topicPattern('topics.regex', regex)
  } catch (error) {
    if (!isConfigError(error)) throw error
    validation.error('topics.regex', error.message)
  }
  const deadLetters = ((validation.value('errors.deadletterqueue.topic.name') ?? '') as string).trim()
  if (deadLetters === '') return
  if (names.includes(deadLetters)) {
    validation.error(
      'topics',
      `The DLQ topic '${deadLetters}' may not be included in the list of topics ('topics=[${names.join(', ')}]') consumed by the connector`,
    )
  }
  if (pattern?.test(deadLetters) === true) {
    validation.error(
      'topics.regex',
      `The DLQ topic '${deadLetters}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
    )
  }
}

/** Invariant 7: in the workers' own group, a sink's consumer would be given what workers are to run, and the reverse. */
const consumerGroup = (validation: Validation, props: ConnectorProps, workers: string | undefined): void => {
  if (workers === undefined || workers === '') return
  const override = props['consumer.override.group.id']
  const group = override ?? `connect-${props['name'] ?? ''}`
  if (group !== workers) return
  if (override !== undefined && override !== null)
    validation.error(
      'consumer.override.group.id',
      `Consumer group ${group} conflicts with Connect worker group ${workers}`,
    )
  else
    validation.error(
      'name',
      `Consumer group for sink connector named ${props['name']} conflicts with Connect worker group ${workers}`,
    )
}

/** What this worker or this connector cannot do is refused, in the words of Kafka Connect. */
const exactlyOnce = (
  validation: Validation,
  definition: SourceDefinition,
  props: ConnectorProps,
  isEnabled: boolean,
): void => {
  const required = String(validation.value('exactly.once.support')).toLowerCase() === 'required'
  if (required && !isEnabled)
    validation.error('exactly.once.support', 'This worker does not have exactly-once source support enabled.')
  if (required && !canPromise(validation, definition, props))
    validation.error(
      'exactly.once.support',
      'The connector does not support exactly-once semantics with the provided configuration.',
    )
  if (
    String(validation.value('transaction.boundary')).toLowerCase() === 'connector' &&
    definition.endsTransactions !== true
  )
    validation.error(
      'transaction.boundary',
      'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    )
}

/** Settings with errors of their own say nothing yet. */
const canPromise = (validation: Validation, definition: SourceDefinition, props: ConnectorProps): boolean => {
  const { config } = definition
  if (definition.exactlyOnce === undefined) return false
  return !validation.clean(config) || definition.exactlyOnce(parseConfig(config, props).config as never)
}

/** A null is refused for keys that the connector does not declare itself, as Kafka Connect does. */
const nulls = (validation: Validation, props: ConnectorProps, { config }: ConnectorDefinition): void => {
  for (const [key, value] of Object.entries(props)) {
    if (value === null && config[key] === undefined)
      validation.error(key, 'Null value can not be supplied as the configuration value.')
  }
}

/** Settings as Java prints a map, secrets hidden: without its class nobody can tell which settings are passwords. */
const shownConfig = (props: ConnectorProps): string =>
  `{${hashOrder(Object.keys(props))
    .map(key => `${key}=${isSecretKey(key) && props[key] !== null ? '[hidden]' : props[key]}`)
    .join(', ')}}`

/** What a config provider put in is shown as its variable, in values and in errors (invariant 10). */
const veiled = (infos: ConfigInfos, raw: ConnectorProps, props: ConnectorProps): ConfigInfos => {
  const changed = Object.keys(raw).filter(key => raw[key] !== props[key] && typeof props[key] === 'string')
  if (changed.length === 0) return infos
  // The longest first: one value may be a part of another.
  const order = changed.sort((a, b) => props[b]!.length - props[a]!.length)
  const veil = (text: string): string =>
    order.reduce((shown, key) => (props[key] === '' ? shown : shown.replaceAll(props[key]!, raw[key] ?? '')), text)
  return {
    ...infos,
    configs: infos.configs.map(({ definition, value }) => ({
      definition,
      value: {
        ...value,
        value: value.value === null ? null : veil(value.value),
        errors: value.errors.map(veil),
      },
    })),
  }
}

/** Whether the class in a validation's path names the class of its body. */
export const sameConnector = (path: string, body: string): boolean => {
  const bare = (name: string) => name.replace(/Connector$/, '')
  return bare(body).endsWith(bare(path)) || shortNames(body).includes(path)
}
