import { createServer, type Server, type Socket } from 'node:net'
import {
  type Api,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
  type ResponseInputOf,
} from '../../../../runtime/protocol/api.ts'
import { apiOf } from '../../../../runtime/protocol/apis.ts'
import { apiVersions } from '../../../../runtime/protocol/messages/api-versions.ts'

export interface Asked {
  readonly api: Api
  readonly version: number
  readonly correlationId: number
  readonly body: unknown
  readonly socket: Socket
  /** Sends the answer of this request, or bytes as they are. */
  answer<A extends Api>(api: A, body: ResponseInputOf<A>): void
}

/** A broker that does what a test says, for what brokers do not do on demand. It answers ApiVersions by itself. */
export interface ScriptedBroker {
  readonly host: string
  readonly port: number
  readonly bootstrap: string
  /** All connections ever made. */
  connections: number
  onRequest: (asked: Asked) => void
  close(): Promise<void>
}

/** `ranges`: what it says it speaks, by API key; default: all we know. */
export async function scriptedBroker(
  apis: readonly Api[],
  ranges: Readonly<Record<number, readonly [number, number]>> = {},
): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    broker.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let rest = Buffer.alloc(0)
    socket.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(frame.length + 4)
        take(socket, frame)
      }
    })
  })
  const take = (socket: Socket, frame: Buffer): void => {
    const { apiKey, apiVersion, correlationId, reader } = decodeRequestHeader(frame)
    const api = apiOf(apiKey)!
    if (api.key === apiVersions.key) {
      const apiKeys = [apiVersions, ...apis].map(({ key, versions }) => {
        const [minVersion, maxVersion] = ranges[key] ?? versions
        return { apiKey: key, minVersion, maxVersion }
      })
      const max = ranges[apiVersions.key]?.[1] ?? apiVersions.versions[1]
      const body = { errorCode: apiVersion > max ? 35 : 0, apiKeys }
      const version = apiVersion > max ? 0 : apiVersion
      socket.write(Buffer.concat(encodeResponse(apiVersions, version, correlationId, body)))
      return
    }
    broker.onRequest({
      api,
      version: apiVersion,
      correlationId,
      body: decodeRequest(api, apiVersion, reader),
      socket,
      answer: (of, body) => socket.write(Buffer.concat(encodeResponse(of, apiVersion, correlationId, body))),
    })
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const broker: ScriptedBroker = {
    host: '127.0.0.1',
    port,
    bootstrap: `127.0.0.1:${port}`,
    connections: 0,
    onRequest: () => {},
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return broker
}
