import type { ConfigSpec } from '../api/config.ts'
import type { PluginKind } from '../api/define.ts'
import { CodedError } from '../base/errors.ts'
import { sinkSpec, sourceSpec } from '../config/connector-config.ts'
import { loadPlugin } from '../plugins/load.ts'
import type { PluginRegistry } from '../plugins/registry.ts'
import { keyInfos } from './config-infos.ts'
import type { ConfigKeyInfo } from './entities.ts'
import { converterInfos, isTaskClass } from './validate-plugins.ts'

const types = 'sink, source, converter, header_converter, transformation, predicate'

/** All settings of a plugin: a connector's own first, then the framework's that it does not declare itself. */
export const pluginConfig = async (plugins: PluginRegistry, className: string): Promise<readonly ConfigKeyInfo[]> => {
  const known = plugins.lookup(className)
  if (known === undefined) {
    // Kafka Connect finds these classes and cannot use them: an abstract one, and one that is no plugin.
    if (className.includes('.') && plugins.lookup(`${className}$Value`) !== undefined)
      throw new CodedError('INTERNAL', { reason: 'Instantiation error' })
    if (isTaskClass(plugins, className)) throw new CodedError('NO_PLUGIN_CLASS', { class: className, types })
    const hint = plugins.hint(className)
    throw new CodedError('UNKNOWN_PLUGIN', { class: className }, hint === undefined ? {} : { hint })
  }
  const { kind, config } = await loadPlugin<{ readonly kind: PluginKind; readonly config: ConfigSpec }>(known.location)
  if (kind === 'converter') return known.types.includes('converter') ? converterInfos(config) : []
  const framework: ConfigSpec = kind === 'sink' ? sinkSpec : kind === 'source' ? sourceSpec : {}
  const missing = Object.fromEntries(Object.entries(framework).filter(([key]) => config[key] === undefined))
  return [...keyInfos(config), ...keyInfos(missing)].map(info =>
    info.name === 'connector.plugin.version' ? { ...info, default_value: known.location.version } : info,
  )
}
