import type { PluginKind, SinkDefinition, SourceDefinition } from '../api/define.ts'
import type { PluginLocation } from '../plugins/location.ts'

/** What the worker needs of the registry. */
export interface PluginAccess {
  /** By class name or alias; `undefined` kind: a connector, source or sink. Throws ConfigError for one that is not there. */
  locate(className: string, kind?: PluginKind): Promise<PluginLocation>
  /** Called when a newer version of a plugin was loaded. Returns how to stop listening. */
  onReloaded(listener: (className: string) => void): () => void
}

/** Loads a plugin's definition from where the main thread found it. */
export type LoadPlugin = (location: PluginLocation) => Promise<{ readonly kind: PluginKind }>

export type ConnectorDefinition =
  | (SourceDefinition & { readonly kind: 'source' })
  | (SinkDefinition & { readonly kind: 'sink' })
