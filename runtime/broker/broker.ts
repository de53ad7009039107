import { createServer, type Server, type Socket } from 'node:net'
import type { Log } from '../api/context.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { logger } from '../telemetry/log.ts'
import { BufferPool } from './buffer-pool.ts'
import { Connection } from './connection.ts'
import { Dispatcher } from './dispatch.ts'
import { lockFolder } from './folder-lock.ts'
import { Coordinator } from './groups/coordinator.ts'
import { servedApis } from './handlers/served.ts'
import { startMaintenance } from './maintenance.ts'
import { MetaFile } from './meta-file.ts'
import { ProducerIds } from './producer-ids.ts'
import type { BrokerParts } from './serve.ts'
import { brokerSettings } from './settings/broker-settings.ts'
import { Topics } from './topics/topics.ts'
import { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

export interface BrokerOptions {
  /** Everything the broker keeps; made when it is not there. One broker per folder. */
  readonly dataDir: string
  /** Default 127.0.0.1: other machines reach it only when asked for. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** Of a new folder; default a random one. */
  readonly clusterId?: string
  /** Kafka's broker settings, see `settings/broker-settings.ts`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Default the logger `millrace.broker`. */
  readonly log?: Log
  readonly clock?: Clock
}

export interface Broker {
  readonly host: string
  readonly port: number
  /** For `bootstrap.servers`. */
  readonly bootstrap: string
  readonly clusterId: string
  /** Ends connections, brings everything to the disk, gives the folder back. */
  close(): Promise<void>
}

const NODE_ID = 1

/**
 * The embedded broker: Kafka's protocol on one machine, over a folder of log segments. No replication, no consensus: who
 * asks for three replicas gets one (`millrace.broker.accept.replication.factor`).
 *
 * What an acknowledgement means: the record was handed to the operating system, in order. `kill -9` of this process loses
 * nothing acknowledged, nor does it take an idempotent producer's batch twice; the next start checks what came after the
 * last checkpoint and cuts off a torn end (invariant 6). A loss of power may lose what the system had not written yet;
 * against that stand `flush.messages` (fsync before the acknowledgement) and `flush.ms`, per topic or with `log.flush.*`
 * for all, and every log is brought to the disk each `log.flush.offset.checkpoint.interval.ms`.
 *
 * In the folder: `broker.json` (cluster id), `topics.json` (the topics), `topics/<topic>-<partition>/` (segments, their
 * indexes, a checkpoint), `lock`. Groups and offsets are in the topic `__consumer_offsets`,
 * transactional ids in `__transaction_state`, in Kafka's own format.
 *
 * Throws an Error that names folder, port or setting when it cannot start.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { dataDir, host = '127.0.0.1', port = 0, clock = systemClock, log = logger('millrace.broker') } = options
  const { settings, ignored } = brokerSettings(options.settings ?? {})
  if (ignored.length > 0) log.info('Settings without meaning for an embedded broker', { ignored })
  // What is open so far, to be closed in the opposite order: at the end, or when the start fails.
  const open: (() => void | Promise<void>)[] = [lockFolder(dataDir)]
  const closeAll = async () => {
    const failures: unknown[] = []
    for (const close of open.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    // The folder is given back all the same: the next start recovers what could not be saved.
    if (failures.length > 0) throw failures[0]
  }
  try {
    const meta = await MetaFile.open(dataDir, options.clusterId)
    const pool = new BufferPool()
    const topics = await Topics.open(dataDir, settings, { clock, pool, log })
    open.push(() => topics.close())
    const groups = await Coordinator.open({ clock, log, settings, topics })
    const producerIds = new ProducerIds(meta)
    const transactions = await TransactionCoordinator.open({ clock, log, settings, topics, groups, producerIds })
    let address = { host, port }
    const parts: BrokerParts = {
      nodeId: NODE_ID,
      address: () => address,
      clusterId: meta.content.clusterId,
      clock,
      log,
      settings,
      topics,
      groups,
      producerIds,
      transactions,
    }
    const dispatcher: Dispatcher = new Dispatcher(servedApis(parts, () => dispatcher))
    const maintenance = startMaintenance({ clock, log, settings, topics, groups, transactions })
    open.push(() => maintenance.stop())
    open.push(() => groups.close())
    const listener = await listen(host, port, socket => accept(socket, dispatcher, pool, parts))
    open.push(() => listener.close())
    address = { host: advertised(host), port: listener.port }
    let closing: Promise<void> | null = null
    return {
      ...address,
      bootstrap: `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
      clusterId: meta.content.clusterId,
      close: () => (closing ??= closeAll()),
    }
  } catch (error) {
    await closeAll().catch((also: unknown) => log.error('What was open could not be closed', { error: String(also) }))
    throw error
  }
}

/** An address clients can connect to, for the listener's that stands for all. */
const advertised = (host: string): string => (host === '0.0.0.0' || host === '::' || host === '' ? 'localhost' : host)

interface Listener {
  readonly port: number
  close(): Promise<void>
}

async function listen(host: string, port: number, accepted: (socket: Socket) => Connection): Promise<Listener> {
  const connections = new Set<Connection>()
  const server: Server = createServer({ noDelay: true }, socket => {
    const connection = accepted(socket)
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error =>
      reject(new Error(`Cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
    )
    server.listen(port, host, resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error(`No port on ${host}`)
  return {
    port: bound.port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const connection of connections) connection.destroy()
      }),
  }
}

function accept(socket: Socket, dispatcher: Dispatcher, pool: BufferPool, { settings, log }: BrokerParts): Connection {
  const host = socket.remoteAddress ?? ''
  const idle = settings.number('connections.max.idle.ms')
  if (idle > 0 && idle < 2 ** 31) socket.setTimeout(idle, () => socket.destroy())
  // Clients come and go: a reset is no news.
  socket.on('error', error => log.debug('A connection failed', { client: host, error: error.message }))
  return new Connection(socket, {
    pool,
    maxRequestBytes: settings.number('socket.request.max.bytes'),
    handle: (frame, signal) => dispatcher.begin(frame, { host, signal }),
    failed: error => log.warn('Closed a connection', { client: host, reason: error.message }),
  })
}
