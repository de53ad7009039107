import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Api, decodeResponse, encodeResponse } from '../../runtime/protocol/api.ts'
import { describeCluster } from '../../runtime/protocol/messages/describe-cluster.ts'
import { fetch } from '../../runtime/protocol/messages/fetch.ts'
import { findCoordinator } from '../../runtime/protocol/messages/find-coordinator.ts'
import { metadata } from '../../runtime/protocol/messages/metadata.ts'
import { produce } from '../../runtime/protocol/messages/produce.ts'

/** What happens to one answer (or one request): the connection ends before it, or after its first `cut` bytes. */
export type Fault = 'pass' | 'lose' | { readonly cut: number }

export interface FailureProxy {
  /** In place of the brokers' own addresses; answers name the proxy's addresses too. */
  readonly bootstrap: string
  /** Asked for each whole answer on its way to the client. */
  onAnswer: (apiKey: number) => Fault
  /** Asked for each whole request on its way to the broker. */
  onRequest: (apiKey: number) => Fault
  /** Bytes per second towards the client; undefined: as fast as it goes. */
  answerRate: number | undefined
  /** Ends all connections and takes no new ones until it is false again. */
  refuse: boolean
  /** Connections ended by a fault so far. */
  readonly faults: number
  close(): Promise<void>
}

/** One listener per broker; a broker that appears in an answer for the first time gets one then. */
class ClusterProxy implements FailureProxy {
  onAnswer: FailureProxy['onAnswer'] = () => 'pass'
  onRequest: FailureProxy['onRequest'] = () => 'pass'
  answerRate: number | undefined
  faults = 0
  bootstrap = ''
  readonly #servers = new Map<string, Promise<Server>>()
  readonly #sockets = new Set<Socket>()
  #refuse = false

  get refuse(): boolean {
    return this.#refuse
  }

  set refuse(value: boolean) {
    this.#refuse = value
    if (value) for (const socket of this.#sockets) socket.destroy()
  }

  async start(upstream: string): Promise<void> {
    const ports = await Promise.all(upstream.split(',').map(address => this.portOf(address)))
    this.bootstrap = ports.map(port => `127.0.0.1:${port}`).join(',')
  }

  async portOf(address: string): Promise<number> {
    let server = this.#servers.get(address)
    if (server === undefined) {
      server = new Promise((resolve, reject) => {
        const listening = createServer(client => this.#serve(client, address)).on('error', reject)
        listening.listen(0, '127.0.0.1', () => resolve(listening))
      })
      this.#servers.set(address, server)
    }
    return ((await server).address() as { port: number }).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const servers = await Promise.all(this.#servers.values())
    await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  }

  #serve(client: Socket, address: string): void {
    if (this.#refuse) {
      client.destroy()
      return
    }
    const colon = address.lastIndexOf(':')
    const broker = connect(Number(address.slice(colon + 1)), address.slice(0, colon))
    const asked = new Map<number, { apiKey: number; version: number }>()
    const end = (): void => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    const fail = (fault: Exclude<Fault, 'pass'>, frame: Buffer, target: Socket): void => {
      this.faults++
      if (fault === 'lose') end()
      else target.write(frame.subarray(0, fault.cut), end)
    }
    onFrames(client, frame => {
      const apiKey = frame.readInt16BE(4)
      asked.set(frame.readInt32BE(8), { apiKey, version: frame.readInt16BE(6) })
      const fault = this.onRequest(apiKey)
      if (fault === 'pass') broker.write(frame)
      else fail(fault, frame, broker)
    })
    // Answers stay in order although some are rewritten and some are slowed down.
    let before = Promise.resolve()
    onFrames(broker, frame => {
      const correlationId = frame.readInt32BE(4)
      const request = asked.get(correlationId)
      asked.delete(correlationId)
      if (request === undefined) return end()
      const fault = this.onAnswer(request.apiKey)
      if (fault !== 'pass') return fail(fault, frame, client)
      before = before.then(async () => {
        const bytes = await this.#rewritten(request.apiKey, request.version, correlationId, frame)
        if (!client.destroyed) await this.#pass(client, bytes)
      })
      before.catch(end)
    })
  }

  async #pass(client: Socket, bytes: Buffer): Promise<void> {
    const rate = this.answerRate
    if (rate === undefined) {
      client.write(bytes)
      return
    }
    const step = Math.max(1, Math.floor(rate / 50))
    for (let at = 0; at < bytes.length && !client.destroyed; at += step) {
      client.write(bytes.subarray(at, at + step))
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Puts the proxy's addresses where the broker names its own. */
  async #rewritten(apiKey: number, version: number, correlationId: number, frame: Buffer): Promise<Buffer> {
    const api = rewritten.find(({ key }) => key === apiKey)
    if (api === undefined || ((api === produce || api === fetch) && !frame.includes('localhost'))) return frame
    const response = decodeResponse(api, version, frame.subarray(4)) as Record<string, unknown>
    await this.#replace(response)
    return Buffer.concat(encodeResponse(api, version, correlationId, response))
  }

  async #replace(value: unknown): Promise<void> {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
    const fields = value as Record<string, unknown>
    if (typeof fields['host'] === 'string' && typeof fields['port'] === 'number' && fields['host'] !== '') {
      fields['port'] = await this.portOf(`${fields['host']}:${fields['port']}`)
      fields['host'] = '127.0.0.1'
    }
    for (const inner of Object.values(fields)) await this.#replace(inner)
  }
}

const rewritten: readonly Api[] = [metadata, findCoordinator, describeCluster, produce, fetch]

/** Calls back with each frame, its 4 byte size included. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const size = 4 + rest.readInt32BE(0)
      const frame = rest.subarray(0, size)
      rest = rest.subarray(size)
      take(frame)
      if (socket.destroyed) return
    }
  })
}

/** A proxy in front of a cluster (`host:port,...`) that loses, cuts, slows down and refuses as it is told. */
export async function startFailureProxy(upstream: string): Promise<FailureProxy> {
  const proxy = new ClusterProxy()
  await proxy.start(upstream)
  return proxy
}
