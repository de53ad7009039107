import { ConfigState } from './config-state.ts'
import { LineLog } from './line-log.ts'
import type { ConfigStore, StoredConnector } from './ports.ts'

/** Configs in a file: one entry per connector, its tasks and target state included. */
export const fileConfigStore = (path: string): ConfigStore => {
  const state = new ConfigState()
  let file: LineLog | undefined
  /** A change that could not be stored did not happen: `get` and the file say the same. */
  const change = async (connector: string, apply: () => StoredConnector | undefined): Promise<void> => {
    if (file === undefined) throw new Error('The config store is not started')
    const before = state.get(connector)
    const stored = apply()
    if (before === undefined && stored === undefined) return
    try {
      await file.write([[connector, stored === undefined ? null : JSON.stringify(stored)]])
    } catch (error) {
      if (before === undefined) state.remove(connector)
      else state.load(connector, before)
      throw error
    }
  }
  return {
    async start() {
      file = await LineLog.open(path)
      for (const [connector, text] of file.entries()) state.load(connector, JSON.parse(text) as StoredConnector)
    },
    async stop() {
      await file?.close()
      file = undefined
    },
    connectors: () => state.names(),
    get: connector => state.get(connector),
    putConnector: (connector, props, target) => change(connector, () => state.putConnector(connector, props, target)),
    removeConnector: connector => change(connector, () => state.remove(connector)),
    putTasks: (connector, tasks) => change(connector, () => state.putTasks(connector, tasks)),
    putTargetState: (connector, target) => change(connector, () => state.putTargetState(connector, target)),
  }
}
