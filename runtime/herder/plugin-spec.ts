import type { ConfigSpec } from '../api/config.ts'
import type { PluginKind } from '../api/define.ts'
import { CodedError } from '../base/errors.ts'
import { sinkSpec, sourceSpec } from '../config/connector-config.ts'
import { loadPlugin } from '../plugins/load.ts'
import type { PluginRegistry } from '../plugins/registry.ts'

/** All settings of a plugin: a connector's own first, then the framework's that it does not declare itself. */
export const pluginSpec = async (plugins: PluginRegistry, className: string): Promise<ConfigSpec> => {
  const known = plugins.lookup(className)
  if (known === undefined) throw new CodedError('UNKNOWN_PLUGIN', { class: className })
  const definition = await loadPlugin<{ readonly kind: PluginKind; readonly config: ConfigSpec }>(known.location)
  const framework: ConfigSpec = definition.kind === 'sink' ? sinkSpec : definition.kind === 'source' ? sourceSpec : {}
  const missing = Object.entries(framework).filter(([key]) => definition.config[key] === undefined)
  return { ...definition.config, ...Object.fromEntries(missing) }
}
