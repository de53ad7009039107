import { ConfigState } from './config-state.ts'
import type { ConfigStore } from './ports.ts'

/** Configs that end with the process; for tests. */
export const memoryConfigStore = (): ConfigStore => {
  const state = new ConfigState()
  return {
    async start() {},
    async stop() {},
    connectors: () => state.names(),
    get: connector => state.get(connector),
    putConnector: async (connector, props, target) => void state.putConnector(connector, props, target),
    removeConnector: async connector => state.remove(connector),
    putTasks: async (connector, tasks) => void state.putTasks(connector, tasks),
    putTargetState: async (connector, target) => void state.putTargetState(connector, target),
  }
}
