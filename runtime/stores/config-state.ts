import type { ConnectorProps, StoredConnector, TargetState } from './ports.ts'

type TaskConfigs = readonly Readonly<Record<string, string>>[]

/** What is known of connectors, by name in order of creation; shared by every implementation. */
export class ConfigState {
  readonly #connectors = new Map<string, StoredConnector>()

  names(): readonly string[] {
    return [...this.#connectors.keys()]
  }

  get(connector: string): StoredConnector | undefined {
    return this.#connectors.get(connector)
  }

  putConnector(connector: string, props: ConnectorProps, targetState?: TargetState): StoredConnector {
    const before = this.#connectors.get(connector)
    return this.#set(connector, {
      props,
      targetState: targetState ?? before?.targetState ?? 'STARTED',
      tasks: before?.tasks ?? [],
    })
  }

  remove(connector: string): undefined {
    this.#connectors.delete(connector)
  }

  /** undefined when there is no such connector. */
  putTasks(connector: string, tasks: TaskConfigs): StoredConnector | undefined {
    const before = this.#connectors.get(connector)
    return before === undefined ? undefined : this.#set(connector, { ...before, tasks })
  }

  putTargetState(connector: string, targetState: TargetState): StoredConnector | undefined {
    const before = this.#connectors.get(connector)
    return before === undefined ? undefined : this.#set(connector, { ...before, targetState })
  }

  load(connector: string, stored: StoredConnector): void {
    this.#set(connector, stored)
  }

  #set(connector: string, stored: StoredConnector): StoredConnector {
    this.#connectors.set(connector, stored)
    return stored
  }
}
