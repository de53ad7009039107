import { type PluginKind, pluginKind } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import type { PluginLocation } from './plugin-access.ts'

/** Imports a plugin from where the registry found it. */
export const loadPlugin = async (location: PluginLocation): Promise<{ readonly kind: PluginKind }> => {
  const module = (await import(location.url)) as Readonly<Record<string, unknown>>
  const plugin = module[location.exportName]
  if (pluginKind(plugin) === undefined)
    throw new ConnectError(`${location.url} does not export a plugin as ${location.exportName}`)
  return plugin as { readonly kind: PluginKind }
}
