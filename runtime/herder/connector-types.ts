import type { PluginRegistry } from '../plugins/registry.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import type { ConnectorType } from './entities.ts'

/** What the plugin of a connector is, by its settings. */
export class ConnectorTypes {
  readonly #plugins: PluginRegistry
  /** Remembered: the file of a plugin may go while its connectors stay. */
  readonly #known = new Map<string, ConnectorType>()

  constructor(plugins: PluginRegistry) {
    this.#plugins = plugins
  }

  type(props: ConnectorProps): ConnectorType {
    const className = props['connector.class']?.trim() ?? ''
    const known = this.#known.get(className)
    if (known !== undefined) return known
    const kind = this.#plugins.lookup(className)?.location.kind
    const type = kind === 'source' || kind === 'sink' ? kind : 'unknown'
    if (type !== 'unknown') this.#known.set(className, type)
    return type
  }

  version(props: ConnectorProps): string | undefined {
    const className = props['connector.class']?.trim()
    return className === undefined ? undefined : this.#plugins.lookup(className)?.location.version
  }
}
