import { type ConfigField, type ConfigSpec, c, camelCase } from '../api/config.ts'
import type { TransformContext } from '../api/context.ts'
import type { PredicateDefinition, Side, Transform, TransformDefinition } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import type { ConnectRecord } from '../api/record.ts'
import { type Props, parseOrThrow } from '../config/parse.ts'

/** A transform's class as named in a config, found: the definition and, for `X$Key`, its side. */
export interface ResolvedTransform {
  readonly definition: TransformDefinition
  readonly side: Side
}

export interface ChainPlugins {
  transform(className: string): ResolvedTransform | Promise<ResolvedTransform>
  predicate(className: string): PredicateDefinition | Promise<PredicateDefinition>
}

/** One step of the chain; `className` for messages. */
export interface ChainStep {
  readonly className: string
  apply(record: ConnectRecord): ConnectRecord | null
  /** What is slow, once per batch, with the records that this step is about to get. */
  prepare?(batch: readonly ConnectRecord[]): Promise<void>
}

/** A connector's transforms in order. */
export interface TransformChain {
  readonly steps: readonly ChainStep[]
  /** No step reads key, value or headers: they need not be decoded. */
  readonly ignoresPayload: boolean
  /** Some step has a `prepare`. */
  readonly prepares: boolean
  close(): void
}

const aliases = (props: Props, key: string): string[] => {
  const list = (props[key] ?? '')
    .split(',')
    .map(alias => alias.trim())
    .filter(alias => alias !== '')
  const twice = list.find((alias, index) => list.indexOf(alias) !== index)
  if (twice !== undefined)
    throw new ConfigError(`Invalid value [${list.join(', ')}] for configuration ${key}: Duplicate alias provided.`, {
      key,
    })
  return list
}

/** The settings under a prefix, without it. */
const under = (props: Props, prefix: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(props).flatMap(([key, value]) =>
      key.startsWith(prefix) && value !== null && value !== undefined ? [[key.slice(prefix.length), value]] : [],
    ),
  )

const classOf = (props: Props, key: string, kind: 'Transformation' | 'Predicate'): string => {
  const value = props[key]
  if (value === undefined || value === null || value.trim() === '')
    throw new ConfigError(`Invalid value ${value ?? null} for configuration ${key}: Not a ${kind}`, { key })
  return value
}

/** The settings that a plugin declares, read under a prefix; messages name the whole key. */
const parseUnder = (prefix: string, spec: ConfigSpec, props: Props): Record<string, unknown> => {
  const whole = Object.entries(spec).map(([key, field]): [string, ConfigField<unknown>] => {
    const aliases = field.options.aliases?.map(alias => prefix + alias) ?? []
    return [prefix + key, { ...field, options: { ...field.options, aliases } }]
  })
  const parsed = parseOrThrow(Object.fromEntries(whole), props)
  return Object.fromEntries(Object.keys(spec).map(key => [camelCase(key), parsed[camelCase(prefix + key)]]))
}

const asConnect = 'org.apache.kafka.connect.errors.'
const asKafka = 'org.apache.kafka.common.config.'
const negateField = c.boolean('Whether the transformation applies where the predicate is false.', { default: false })

/** Builds the chain of `transforms` and `predicates`, and starts it. Throws ConfigError that names the key; nothing is left open then. */
export const createChain = async (
  props: Props,
  plugins: ChainPlugins,
  context: Omit<TransformContext, 'originals'> = {},
): Promise<TransformChain> => {
  using opened = new DisposableStack()
  const predicates = new Map<
    string,
    { readonly test: (record: ConnectRecord) => boolean; readonly ignoresPayload: boolean }
  >()
  for (const alias of aliases(props, 'predicates')) {
    const prefix = `predicates.${alias}.`
    const definition = await plugins.predicate(classOf(props, `${prefix}type`, 'Predicate'))
    const predicate = definition.create(parseUnder(prefix, definition.config, props) as never)
    opened.defer(() => predicate.close?.())
    predicates.set(alias, {
      test: record => predicate.test(record),
      ignoresPayload: definition.ignoresPayload === true,
    })
  }
  const steps: ChainStep[] = []
  let ignoresPayload = true
  for (const alias of aliases(props, 'transforms')) {
    const prefix = `transforms.${alias}.`
    const className = classOf(props, `${prefix}type`, 'Transformation')
    const { definition, side } = await plugins.transform(className)
    const own = under(props, prefix)
    const config = parseUnder(prefix, definition.config, props)
    const negate = parseUnder(prefix, { negate: negateField }, props)['negate'] === true
    const transform = definition.create(config as never, side, { ...context, originals: own })
    opened.defer(() => transform.close?.())
    await transform.start?.()
    ignoresPayload &&= definition.ignoresPayload === true
    const name = own['predicate']
    if (name === undefined) {
      if (own['negate'] !== undefined) {
        throw new ConfigError(
          `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
          { key: `${prefix}negate` },
        )
      }
      steps.push(stepOf(className, transform))
      continue
    }
    const predicate = predicates.get(name)
    if (predicate === undefined)
      throw new ConfigError(
        `${asConnect}ConnectException: ${asKafka}ConfigException: Unknown configuration 'predicates.${name}.plugin.version'`,
        {
          key: `${prefix}predicate`,
          cause: new ConfigError(`${prefix}predicate names ${name}, which is not listed in predicates`),
        },
      )
    ignoresPayload &&= predicate.ignoresPayload
    steps.push(stepOf(className, transform, record => predicate.test(record) !== negate))
  }
  const kept = opened.move()
  return {
    steps,
    ignoresPayload,
    prepares: steps.some(step => step.prepare !== undefined),
    close: () => kept.dispose(),
  }
}

const stepOf = (className: string, transform: Transform, applies?: (record: ConnectRecord) => boolean): ChainStep => ({
  className,
  apply:
    applies === undefined
      ? record => transform.apply(record)
      : record => (applies(record) ? transform.apply(record) : record),
  ...(transform.prepare !== undefined && {
    async prepare(batch) {
      const concerned = applies === undefined ? batch : batch.filter(applies)
      if (concerned.length > 0) await transform.prepare!(concerned)
    },
  }),
})
