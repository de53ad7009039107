import type { ConfigSpec } from '../api/config.ts'
import type { Log } from '../api/context.ts'
import type {
  ConverterDefinition,
  Plugin,
  PredicateDefinition,
  SinkDefinition,
  SourceDefinition,
  TransformDefinition,
} from '../api/define.ts'
import { isConfigError } from '../api/errors.ts'
import { CodedError } from '../base/errors.ts'
import { predicateSpec, sinkSpec, sourceSpec, transformSpec } from '../config/connector-config.ts'
import { parseConfig } from '../config/parse.ts'
import { shortNames } from '../plugins/names.ts'
import type { PluginRegistry } from '../plugins/registry.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { Validation } from './config-infos.ts'
import type { ConfigInfos } from './entities.ts'

export interface ValidationParts {
  readonly plugins: PluginRegistry
  readonly log: Log
  /** Puts variables' values in; what cannot be resolved stays. */
  readonly resolve: (props: ConnectorProps) => Promise<ConnectorProps>
  /** `connector.client.config.override.policy` */
  readonly overridePolicy: string
  /** Time for a connector to look outside, ms. */
  readonly timeoutMs?: number
}

type ConnectorDefinition = Plugin<SourceDefinition> | Plugin<SinkDefinition>

const prefixed = (spec: ConfigSpec, prefix: string, group?: string): ConfigSpec =>
  Object.fromEntries(
    Object.entries(spec).map(([key, field]) => [
      prefix + key,
      { ...field, options: { ...field.options, ...(group !== undefined && { group }) } },
    ]),
  )

const principalKeys = new Set(['sasl.jaas.config', 'sasl.mechanism', 'security.protocol'])

/** Checks a connector's settings: framework, connector, transforms, converters, overrides; last what only the outside can tell. */
export class Validator {
  readonly #parts: ValidationParts

  constructor(parts: ValidationParts) {
    this.#parts = parts
  }

  /** Everything wrong with these settings; throws CodedError when there is no connector class to ask. */
  async validate(raw: ConnectorProps, outside = true): Promise<ConfigInfos> {
    const props = await this.#parts.resolve(raw)
    const className = props['connector.class']
    if (className === undefined || className === null || className.trim() === '') {
      throw new CodedError('NO_CONNECTOR_TYPE', {
        config: `{${Object.keys(props)
          .map(key => `${key}=...`)
          .join(', ')}}`,
      })
    }
    const definition = await this.#connector(className.trim())
    const validation = new Validation(props)
    validation.add(definition.kind === 'sink' ? sinkSpec : sourceSpec)
    await this.#transforms(validation, props)
    validation.add(definition.config)
    if (definition.kind === 'sink') this.#topics(validation)
    this.#nulls(validation, props, definition.config)
    await this.#converters(validation, props)
    this.#overrides(validation, props)
    if (outside && definition.validate !== undefined && validation.clean(definition.config))
      await this.#outside(validation, definition, props)
    return validation.result(className)
  }

  async #connector(className: string): Promise<ConnectorDefinition> {
    try {
      return await this.#parts.plugins.load<ConnectorDefinition>(className)
    } catch (error) {
      if (isConfigError(error))
        throw new CodedError('CONNECTOR_CLASS_NOT_FOUND', { reason: error.message }, { cause: error })
      throw error
    }
  }

  #topics(validation: Validation): void {
    const topics = (validation.value('topics') ?? []) as readonly string[]
    const regex = (validation.value('topics.regex') ?? '') as string
    const both = (message: string) => {
      validation.error('topics', message)
      validation.error('topics.regex', message)
    }
    if (topics.length > 0 && regex !== '')
      both('topics and topics.regex are mutually exclusive options, but both are set.')
    if (topics.length === 0 && regex === '') both('Must configure one of topics or topics.regex')
    if (new Set(topics).size < topics.length)
      validation.error('topics', "Configuration 'topics' values must not be duplicated.")
    const deadLetters = ((validation.value('errors.deadletterqueue.topic.name') ?? '') as string).trim()
    if (deadLetters === '') return
    if (topics.includes(deadLetters)) {
      validation.error(
        'topics',
        `The DLQ topic '${deadLetters}' may not be included in the list of topics ('topics=[${topics.join(', ')}]') consumed by the connector`,
      )
    }
    if (regex !== '' && matchesWhole(regex, deadLetters)) {
      validation.error(
        'topics.regex',
        `The DLQ topic '${deadLetters}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
      )
    }
  }

  /** A null is refused for keys that the connector does not declare itself, as Kafka Connect does. */
  #nulls(validation: Validation, props: ConnectorProps, own: ConfigSpec): void {
    for (const [key, value] of Object.entries(props)) {
      if (value === null && own[key] === undefined)
        validation.error(key, 'Null value can not be supplied as the configuration value.')
    }
  }

  async #transforms(validation: Validation, props: ConnectorProps): Promise<void> {
    const { plugins } = this.#parts
    const steps = [
      ...((validation.value('transforms') ?? []) as readonly string[]).map(alias => ({
        alias,
        prefix: `transforms.${alias}.`,
        group: `Transforms: ${alias}`,
        kind: 'transformation' as const,
      })),
      ...((validation.value('predicates') ?? []) as readonly string[]).map(alias => ({
        alias,
        prefix: `predicates.${alias}.`,
        group: `Predicates: ${alias}`,
        kind: 'predicate' as const,
      })),
    ]
    for (const { prefix, group, kind } of steps) {
      validation.add(kind === 'transformation' ? transformSpec(prefix, group) : predicateSpec(prefix, group))
      validation.recommend(
        `${prefix}type`,
        plugins.list([kind]).map(plugin => plugin.class),
      )
      if (
        kind === 'transformation' &&
        props[`${prefix}negate`] !== undefined &&
        props[`${prefix}predicate`] === undefined
      ) {
        validation.error(
          `${prefix}negate`,
          `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
        )
      }
      const className = validation.value(`${prefix}type`)
      if (typeof className !== 'string') continue
      try {
        const definition = await plugins.load<Plugin<TransformDefinition> | Plugin<PredicateDefinition>>(
          className,
          kind,
        )
        validation.add(prefixed(definition.config, prefix, group))
      } catch (error) {
        validation.error(
          `${prefix}type`,
          `Invalid value ${className} for configuration ${prefix}type: ${(error as Error).message}`,
        )
      }
    }
  }

  async #converters(validation: Validation, props: ConnectorProps): Promise<void> {
    const { plugins } = this.#parts
    for (const use of ['header', 'key', 'value'] as const) {
      const key = `${use}.converter`
      const className = validation.value(key)
      if (typeof className !== 'string') continue
      try {
        const definition = await plugins.load<Plugin<ConverterDefinition>>(className, 'converter')
        const prefix = `${key}.`
        const own = new Validation({ ...props, [`${prefix}converter.type`]: props[`${prefix}converter.type`] ?? use })
        own.add(prefixed(definition.config, prefix))
        validation.add(prefixed(withUse(definition.config, use), prefix))
      } catch (error) {
        const other = plugins.lookup(className)
        validation.error(
          key,
          other === undefined
            ? `Invalid value ${className} for configuration ${key}: ${(error as Error).message}`
            : `Class class ${other.location.class} does not implement the ${use === 'header' ? 'HeaderConverter' : 'Converter'} interface`,
        )
      }
    }
  }

  #overrides(validation: Validation, props: ConnectorProps): void {
    const policy = this.#parts.overridePolicy
      .slice(this.#parts.overridePolicy.lastIndexOf('.') + 1)
      .replace('ConnectorClientConfigOverridePolicy', '')
    if (policy === 'All') return
    for (const key of Object.keys(props)) {
      const match = /^(producer|consumer|admin)\.override\.(.+)$/.exec(key)
      if (match === null || (policy === 'Principal' && principalKeys.has(match[2]!))) continue
      validation.error(
        key,
        `The '${policy}' policy does not allow '${match[2]}' to be overridden in the connector configuration.`,
      )
    }
  }

  async #outside(validation: Validation, definition: ConnectorDefinition, props: ConnectorProps): Promise<void> {
    const { log, timeoutMs = 30_000 } = this.#parts
    const { config } = parseConfig(definition.config, props)
    const originals = Object.fromEntries(
      Object.entries(props).filter((entry): entry is [string, string] => entry[1] !== null),
    )
    const ctx = { connector: props['name'] ?? '', log, originals, signal: AbortSignal.timeout(timeoutMs) }
    try {
      const problems = (await definition.validate!(config as never, ctx)) ?? []
      for (const { key, message } of problems) validation.error(key, message)
    } catch (error) {
      validation.error(
        isConfigError(error) ? (error.key ?? 'connector.class') : 'connector.class',
        `The configuration could not be checked: ${(error as Error).message}`,
      )
    }
  }
}

/** Kafka Connect fills in what a converter is used as. */
const withUse = (spec: ConfigSpec, use: string): ConfigSpec => {
  const type = spec['converter.type']
  return type === undefined
    ? spec
    : { ...spec, 'converter.type': { ...type, options: { ...type.options, default: use as never } } }
}

const matchesWhole = (regex: string, topic: string): boolean => {
  try {
    return new RegExp(`^(?:${regex})$`, 'u').test(topic)
  } catch {
    return false
  }
}

/** Whether the class in a validation's path names the class of its body. */
export const sameConnector = (path: string, body: string): boolean => {
  const bare = (name: string) => name.replace(/Connector$/, '')
  return bare(body).endsWith(bare(path)) || shortNames(body).includes(path)
}
