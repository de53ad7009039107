import { type PluginKind, pluginKind } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import type { PluginLocation } from './location.ts'
import { resolveMillrace } from './resolve-millrace.ts'

/** Loads a plugin's definition from where it was found; the same file is loaded once per thread. Throws ConnectError. */
export const loadPlugin = async <D extends { readonly kind: PluginKind }>(location: PluginLocation): Promise<D> => {
  resolveMillrace()
  let module: Record<string, unknown>
  try {
    module = await import(location.url)
  } catch (cause) {
    throw new ConnectError(
      `The plugin ${location.class} could not be loaded from ${location.url}: ${(cause as Error).message}`,
      { cause },
    )
  }
  const definition = module[location.exportName]
  if (pluginKind(definition) !== location.kind) {
    throw new ConnectError(
      `${location.url} no longer exports the ${location.kind} ${location.class} as ${location.exportName}`,
    )
  }
  return definition as D
}
