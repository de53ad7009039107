import { Worker } from 'node:worker_threads'
import { ConfigError } from '../api/errors.ts'
import { deadline } from '../base/abort.ts'
import { deferred } from '../base/deferred.ts'
import { moduleUrl } from '../base/module-url.ts'

export interface BrokerThreadData {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
}

export type BrokerRequest = 'close'
export type FromBroker =
  | { readonly type: 'ready'; readonly bootstrap: string; readonly clusterId: string }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'closed' }

export interface EmbeddedBroker {
  /** For `bootstrap.servers`. */
  readonly bootstrap: string
  readonly clusterId: string
  close(): Promise<void>
}

const closeMs = 10_000

/** Starts the broker that a worker brings. `ended` hears when it dies: without it nothing can go on. */
export const startEmbeddedBroker = async (
  data: BrokerThreadData,
  ended: (reason: Error) => void,
): Promise<EmbeddedBroker> => {
  const thread = new Worker(moduleUrl('./broker-thread', import.meta.url), { workerData: data, name: 'broker' })
  const ready = deferred<{ bootstrap: string; clusterId: string }>()
  const closed = deferred()
  let closing = false
  const gone = (reason: Error) => {
    ready.reject(reason)
    closed.resolve()
    if (!closing) ended(reason)
  }
  thread.on('message', (message: FromBroker) => {
    if (message.type === 'ready') ready.resolve(message)
    else if (message.type === 'failed') {
      closing = true
      ready.reject(
        new ConfigError(`The embedded broker did not start: ${message.reason}`, { key: 'bootstrap.servers' }),
      )
    } else closed.resolve()
  })
  thread.on('error', gone)
  thread.on('exit', code => gone(new Error(`The embedded broker ended with ${code}`)))
  const { bootstrap, clusterId } = await ready.promise
  return {
    bootstrap,
    clusterId,
    async close() {
      if (closing) return
      closing = true
      thread.postMessage('close' satisfies BrokerRequest)
      await deadline(closed.promise, closeMs, () => new Error('The embedded broker did not close in time')).finally(
        () => thread.terminate(),
      )
    },
  }
}
