import type { ConfigSpec } from '../api/config.ts'
import type {
  ConverterDefinition,
  Plugin,
  PluginKind,
  PredicateDefinition,
  TransformDefinition,
} from '../api/define.ts'
import { hashOrder } from '../api/hash-order.ts'
import { embeddedSpec, stageSpec } from '../config/connector-config.ts'
import { parseField } from '../config/parse.ts'
import type { PluginRegistry } from '../plugins/registry.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { converterClass } from '../worker/plugin-references.ts'
import { taskClass } from '../worker/work.ts'
import { keyInfo, keyInfos, type Validation, valueInfo } from './config-infos.ts'
import { versionProblem } from './plugin-version.ts'

/** Whether a class is there but no plugin: the task classes that Kafka Connect's connectors have beside them. */
export const isTaskClass = (plugins: PluginRegistry, className: string): boolean =>
  plugins.list(['sink', 'source']).some(one => taskClass(one.class) === className)

/** The class under a setting as one of the wanted kind, or the error that it is none. */
const classOf = (
  plugins: PluginRegistry,
  key: string,
  className: string,
  type: string,
  what: string,
):
  | { readonly name: string; readonly version: string; readonly kind: PluginKind }
  | { readonly error: string; readonly name?: string } => {
  const known = plugins.lookup(className)
  const sides = ['Key', 'Value'].map(side => `${className}$${side}`).filter(name => plugins.lookup(name) !== undefined)
  if (known === undefined && sides.length > 0)
    return { error: `This class is abstract and cannot be created. Did you mean ${sides.join(', ')}?` }
  if (known === undefined && !isTaskClass(plugins, className))
    return { error: `Invalid value ${className} for configuration ${key}: Class ${className} could not be found.` }
  const name = known?.location.class ?? className
  if (known?.types.includes(type) !== true)
    return { error: `Class class ${name} does not implement the ${what} interface`, name }
  return { name, version: known.location.version, kind: known.location.kind }
}

const classesOf = (plugins: PluginRegistry, type: string): readonly string[] =>
  plugins.list([type]).map(one => one.class)

/** Adds the settings of every transform and predicate, and what is wrong with their classes. */
export const validateStages = async (
  validation: Validation,
  props: ConnectorProps,
  plugins: PluginRegistry,
): Promise<void> => {
  for (const [what, list, prefix] of [
    ['Transformation', 'transforms', 'transforms.'],
    ['Predicate', 'predicates', 'predicates.'],
  ] as const) {
    const aliases = new Set((validation.value(list) ?? []) as readonly string[])
    for (const alias of aliases) await validateStage(validation, props, plugins, what, alias, `${prefix}${alias}.`)
  }
}

const validateStage = async (
  validation: Validation,
  props: ConnectorProps,
  plugins: PluginRegistry,
  what: 'Transformation' | 'Predicate',
  alias: string,
  prefix: string,
): Promise<void> => {
  const type = what.toLowerCase()
  const frame = stageSpec(what, alias)
  const key = `${prefix}type`
  validation.add(
    frame,
    Object.entries(frame).map(([name, field], at) => keyInfo(name, field, at)),
  )
  validation.amend(key, { recommended: classesOf(plugins, type) })
  if (what === 'Transformation' && props[`${prefix}negate`] != null && props[`${prefix}predicate`] == null) {
    validation.error(
      key,
      `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
    )
  }
  const className = validation.value(key)
  if (typeof className !== 'string') return
  const found = classOf(plugins, key, className, type, what)
  if ('error' in found) {
    validation.error(key, found.error)
    validation.amend(key, { value: found.name ?? null })
    return
  }
  validation.amend(key, { value: found.name })
  amendVersion(validation, props, `${prefix}plugin.version`, found.version)
  const definition = await plugins.load<Plugin<TransformDefinition> | Plugin<PredicateDefinition>>(
    className,
    found.kind,
  )
  const own = embeddedSpec(what, alias, definition.config)
  validation.add(
    own,
    Object.entries(own).map(([name, field], at) => keyInfo(name, field, at + 2)),
  )
}

/** The version in use as default, value and only choice; another one that is asked for is an error. */
export const amendVersion = (validation: Validation, props: ConnectorProps, key: string, version: string): void => {
  const asked = props[key] ?? undefined
  validation.amend(key, {
    defaultValue: version,
    recommended: [version],
    ...(asked === undefined && { value: version }),
  })
  const problem = asked === undefined ? undefined : versionProblem(asked, version)
  if (problem !== undefined) validation.error(key, `Invalid value ${asked} for configuration ${key}: ${problem}`)
}

/** Checks the converters and adds the settings of those that the connector names itself. */
export const validateConverters = async (
  validation: Validation,
  props: ConnectorProps,
  plugins: PluginRegistry,
  workerProps: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const use of ['key', 'value', 'header'] as const) {
    const key = `${use}.converter`
    const type = use === 'header' ? 'header_converter' : 'converter'
    const standing = plugins.lookup(converterClass(use, {}, workerProps) ?? '')?.location
    validation.amend(key, {
      defaultValue: standing?.class ?? null,
      recommended: classesOf(plugins, type),
      ...(props[key] === undefined && { value: standing?.class ?? null }),
    })
    const className = validation.value(key)
    if (typeof className !== 'string') {
      if (standing !== undefined) amendVersion(validation, props, `${key}.plugin.version`, standing.version)
      continue
    }
    const found = classOf(plugins, key, className, type, use === 'header' ? 'HeaderConverter' : 'Converter')
    if ('error' in found) {
      validation.error(key, found.error)
      validation.amend(key, { value: found.name ?? null })
      if (found.name === undefined) validation.amend(`${key}.plugin.version`, { visible: false })
      continue
    }
    validation.amend(key, { value: found.name })
    amendVersion(validation, props, `${key}.plugin.version`, found.version)
  }
  for (const use of ['header', 'key', 'value'] as const) await converterPart(validation, props, plugins, use)
}

/** The settings of one converter. Their errors name the setting as the converter knows it, without the prefix. */
const converterPart = async (
  validation: Validation,
  props: ConnectorProps,
  plugins: PluginRegistry,
  use: 'key' | 'value' | 'header',
): Promise<void> => {
  const className = validation.value(`${use}.converter`)
  const known = typeof className === 'string' ? plugins.lookup(className) : undefined
  const type = use === 'header' ? 'header_converter' : 'converter'
  if (known?.types.includes(type) !== true) return
  // One that converts headers only has no use to be told of, and Kafka Connect shows no settings of it.
  if (!known.types.includes('converter')) return
  const { config } = await plugins.load<Plugin<ConverterDefinition>>(known.location.class, 'converter')
  const prefix = `${use}.converter.`
  const own: Record<string, string | null> = { 'converter.type': use }
  for (const [key, value] of Object.entries(props)) if (key.startsWith(prefix)) own[key.slice(prefix.length)] = value
  const infos = new Map(converterInfos(config).map(info => [info.name, info]))
  const order = hashOrder(infos.keys())
  validation.part(
    order.map(key => {
      const { value, problems } = parseField(key, config[key]!, own)
      return { definition: { ...infos.get(key)!, name: prefix + key }, value: valueInfo(prefix + key, value, problems) }
    }),
    order.flatMap(key => infos.get(key)!.group ?? []),
  )
}

/** A converter's settings as REST shows them: what it is used as is always told by the framework, and so has no default. */
export const converterInfos = (config: ConfigSpec) =>
  keyInfos(config).map(info =>
    info.name === 'converter.type' ? { ...info, required: true, default_value: null } : info,
  )
