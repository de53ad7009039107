import type { Log } from '../api/context.ts'
import type {
  Converter,
  ConverterDefinition,
  ConverterUse,
  HeaderConverter,
  PluginKind,
  PredicateDefinition,
  Side,
  TransformDefinition,
} from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { parseOrThrow } from '../config/parse.ts'
import { pluginFolders } from '../config/worker-config.ts'
import { type ChainPlugins, createChain, type TransformChain } from '../pipeline/transform-chain.ts'
import type { PluginLocation } from '../plugins/location.ts'
import { scriptAccess } from '../plugins/script-access.ts'
import type { Resolved, ThreadSettings } from './messages.ts'
import { converterClass, converterProps, delegateOf, referencedPlugins } from './plugin-references.ts'

type Loaded = { readonly kind: PluginKind }

/** What stands between a connector and Kafka: the converters and the chain of transformations. */
export interface RecordParts {
  readonly key: { readonly className: string; readonly converter: Converter }
  readonly value: { readonly className: string; readonly converter: Converter }
  readonly header: { readonly className: string; readonly converter: HeaderConverter }
  readonly chain: TransformChain
  close(): void
}

/** Loads and configures them. `plugins` stand in the order of `referencedPlugins`. Throws ConfigError naming the key. */
export const recordParts = async (
  start: { readonly connector: Pick<Resolved, 'props'>; readonly plugins: readonly PluginLocation[] },
  settings: Pick<ThreadSettings, 'workerProps'>,
  load: (location: PluginLocation) => Promise<Loaded>,
  log: Log,
): Promise<RecordParts> => {
  const { props } = start.connector
  const references = referencedPlugins(props, settings.workerProps)
  const [, ...locations] = start.plugins
  const find = async (name: string, kind: PluginKind): Promise<Loaded> => {
    const at = references.findIndex(each => each.name === name.trim() && each.kind === kind)
    const location = locations[at]
    if (location === undefined) throw new ConfigError(`Class ${name} could not be found.`)
    return load(location)
  }
  const converter = async (
    role: ConverterUse,
  ): Promise<{ className: string; converter: Converter & Partial<HeaderConverter> }> => {
    const key = `${role}.converter`
    const name = converterClass(role, props, settings.workerProps)
    if (name === undefined)
      throw new ConfigError(`Missing required configuration "${key}" which has no default value.`, { key })
    return created(role, name, converterProps(role, props, settings.workerProps))
  }
  const created = async (role: ConverterUse, name: string, own: Readonly<Record<string, string>>) => {
    const definition = (await find(name, 'converter')) as ConverterDefinition & Loaded
    const config = parseOrThrow(definition.config, own)
    const other = delegateOf(own)
    const delegate = other === undefined ? undefined : (await created(role, other.className, other.props)).converter
    const converter = definition.create(config as never, role, { originals: own, delegate })
    return { className: definition.class, converter }
  }
  const chainPlugins: ChainPlugins = {
    async transform(className) {
      const definition = (await find(className, 'transformation')) as TransformDefinition & Loaded
      const side: Side = className.trim().endsWith('$Key') ? 'Key' : 'Value'
      return { definition, side }
    },
    predicate: async className => (await find(className, 'predicate')) as PredicateDefinition & Loaded,
  }
  const key = await converter('key')
  const value = await converter('value')
  const header = await converter('header')
  const { encodeHeader, decodeHeader } = header.converter
  if (encodeHeader === undefined || decodeHeader === undefined)
    throw new ConfigError(`${header.className} cannot convert headers`, { key: 'header.converter' })
  const { workerProps } = settings
  const scripts = scriptAccess({
    folders: pluginFolders(workerProps),
    inline: workerProps['millrace.script.inline']?.trim().toLowerCase() === 'true',
    log,
  })
  const chain = await createChain(props, chainPlugins, { log, scripts })
  return {
    key,
    value,
    header: { className: header.className, converter: header.converter as HeaderConverter },
    chain,
    close() {
      chain.close()
      for (const each of [key, value, header]) each.converter.close?.()
    },
  }
}

/** The time settings every loop needs, of the worker. */
export const flushSettings = (
  worker: Resolved['props'],
): { readonly flushIntervalMs: number; readonly flushTimeoutMs: number } => {
  const ms = (key: string, otherwise: number): number => {
    const text = worker[key]?.trim()
    if (text === undefined || text === '') return otherwise
    const value = Number(text)
    if (Number.isInteger(value) && value > 0) return value
    throw new ConfigError(`Invalid value ${text} for configuration ${key}: Value must be at least 1`, { key })
  }
  return {
    flushIntervalMs: ms('offset.flush.interval.ms', 60_000),
    flushTimeoutMs: ms('offset.flush.timeout.ms', 5000),
  }
}
