import type { Herder } from '../../../runtime/herder/herder.ts'
import { type RestOptions, type RestServer, startRest } from '../../../runtime/rest/server.ts'
import { recordingLog } from './log.ts'

/** REST servers over herders of which only what a test gives is there; `stop` ends them and empties the log. */
export const restServers = () => {
  const log = recordingLog()
  const servers: RestServer[] = []
  return {
    log,
    start: async (herder: Partial<Herder> = {}, options: Partial<RestOptions> = {}): Promise<RestServer> => {
      const all = { isReady: () => true, kafkaClusterId: async () => 'cluster', connectors: () => [], ...herder }
      const server = await startRest({
        herder: all as unknown as Herder,
        listeners: ['http://127.0.0.1:0'],
        version: '1.2.3',
        log,
        ...options,
      })
      servers.push(server)
      return server
    },
    stop: async (): Promise<void> => {
      log.lines.length = 0
      await Promise.all(servers.splice(0).map(server => server.close()))
    },
  }
}
