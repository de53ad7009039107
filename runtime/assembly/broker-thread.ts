// The embedded broker in a thread of its own: topics under load must not hold up REST.
import { parentPort, workerData } from 'node:worker_threads'
import { startBroker } from '../broker/broker.ts'
import { logger } from '../telemetry/log.ts'
import type { BrokerRequest, BrokerThreadData, FromBroker } from './embedded-broker.ts'

if (parentPort === null) throw new Error('This file is started by a worker, as a thread')
const port = parentPort
const answer = (message: FromBroker) => port.postMessage(message)

try {
  const { dataDir, host, port: listenAt, settings } = workerData as BrokerThreadData
  const broker = await startBroker({ dataDir, host, port: listenAt, settings, log: logger('millrace.broker') })
  port.on('message', async (request: BrokerRequest) => {
    if (request !== 'close') return
    await broker.close()
    answer({ type: 'closed' })
    port.close()
  })
  answer({ type: 'ready', bootstrap: broker.bootstrap, clusterId: broker.clusterId })
} catch (error) {
  answer({ type: 'failed', reason: (error as Error).message })
  port.close()
}
