import type { PluginKind } from '../api/define.ts'

type Props = Readonly<Record<string, string | undefined>>

export interface PluginReference {
  readonly name: string
  readonly kind: PluginKind
}

export const SIMPLE_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'

const DELEGATE = 'delegate.converter.type'

const names = (list: string | undefined): readonly string[] =>
  (list ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** The converter class of a role: the connector's, else the worker's. */
export const converterClass = (role: 'key' | 'value' | 'header', connector: Props, worker: Props): string | undefined =>
  connector[`${role}.converter`]?.trim() ||
  worker[`${role}.converter`]?.trim() ||
  (role === 'header' ? SIMPLE_HEADER_CONVERTER : undefined)

/**
 * A converter's settings: those of the level that names it, prefix removed; a connector's own converter gets nothing from
 * the worker's.
 */
export const converterProps = (
  role: 'key' | 'value' | 'header',
  connector: Props,
  worker: Props,
): Readonly<Record<string, string>> => {
  const prefix = `${role}.converter.`
  const level = connector[`${role}.converter`]?.trim() ? connector : worker
  return Object.fromEntries(
    Object.entries(level).flatMap(([key, value]) =>
      key.startsWith(prefix) && value !== undefined ? [[key.slice(prefix.length), value]] : [],
    ),
  )
}

/** The converter that another one hands over to: its class, and its settings. */
export const delegateOf = (
  own: Readonly<Record<string, string>>,
): { readonly className: string; readonly props: Readonly<Record<string, string>> } | undefined => {
  const className = own[DELEGATE]?.trim()
  if (className === undefined || className === '') return undefined
  const prefix = `${DELEGATE}.`
  const under = Object.entries(own).filter(([key]) => key.startsWith(prefix))
  return { className, props: Object.fromEntries(under.map(([key, value]) => [key.slice(prefix.length), value])) }
}

/** Every plugin a task needs besides its connector: converters, transformations, predicates. */
export const referencedPlugins = (connector: Props, worker: Props): readonly PluginReference[] => {
  const references: PluginReference[] = []
  const add = (name: string | undefined, kind: PluginKind): void => {
    if (name === undefined || name.trim() === '') return
    if (!references.some(each => each.name === name && each.kind === kind)) references.push({ name: name.trim(), kind })
  }
  for (const role of ['key', 'value', 'header'] as const) {
    add(converterClass(role, connector, worker), 'converter')
    add(delegateOf(converterProps(role, connector, worker))?.className, 'converter')
  }
  for (const alias of names(connector['transforms'])) add(connector[`transforms.${alias}.type`], 'transformation')
  for (const alias of names(connector['predicates'])) add(connector[`predicates.${alias}.type`], 'predicate')
  return references
}
