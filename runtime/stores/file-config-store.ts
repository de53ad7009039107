import { ConfigState } from './config-state.ts'
import { LineLog } from './line-log.ts'
import type { ConfigStore, StoredConnector } from './ports.ts'

/** Configs in a file: one entry per connector, its tasks and target state included. */
export const fileConfigStore = (path: string): ConfigStore => {
  const state = new ConfigState()
  let file: LineLog | undefined
  const write = async (connector: string, stored: StoredConnector | undefined): Promise<void> => {
    if (file === undefined) throw new Error('The config store is not started')
    if (stored !== undefined) await file.write([[connector, JSON.stringify(stored)]])
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
    putConnector: (connector, props, target) => write(connector, state.putConnector(connector, props, target)),
    async removeConnector(connector) {
      if (state.get(connector) === undefined) return
      state.remove(connector)
      await file?.write([[connector, null]])
    },
    putTasks: (connector, tasks) => write(connector, state.putTasks(connector, tasks)),
    putTargetState: (connector, target) => write(connector, state.putTargetState(connector, target)),
  }
}
