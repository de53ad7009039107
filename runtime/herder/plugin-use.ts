import type { PluginRegistry } from '../plugins/registry.ts'
import type { ConnectorProps } from '../stores/ports.ts'

/** Whether a connector's settings name the class, as itself or as a transform, predicate or converter. */
export const usesPlugin = (props: ConnectorProps, className: string, plugins: PluginRegistry): boolean =>
  Object.entries(props).some(
    ([key, value]) =>
      /^connector\.class$|\.type$|\.converter$|^(key|value|header)\.converter$/.test(key) &&
      value !== null &&
      plugins.lookup(value.trim())?.location.class === className,
  )
