import { ConfigError } from '../../../runtime/api/errors.ts'
import type { PluginLocation } from '../../../runtime/plugins/location.ts'
import type { PluginAccess } from '../../../runtime/worker/plugin-access.ts'

/** A registry that knows these plugins: class name -> kind and file under the repository's root. */
export const pluginTable = (
  table: Readonly<Record<string, readonly [PluginLocation['kind'], string]>>,
): PluginAccess & { reload(className: string): void } => {
  const listeners = new Set<(className: string) => void>()
  return {
    async locate(className) {
      const entry = table[className.replace(/\$(Key|Value)$/, '')]
      if (entry === undefined) throw new ConfigError(`Class ${className} could not be found.`)
      const [kind, file] = entry
      const url = new URL(`../../../${file}`, import.meta.url).href
      return { class: className, kind, version: '1.0.0', url, exportName: 'default' }
    },
    onReloaded(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    reload(className) {
      for (const listener of listeners) listener(className)
    },
  }
}
