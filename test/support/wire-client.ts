import { connect, type Socket } from 'node:net'
import {
  type Api,
  decodeResponse,
  encodeRequest,
  type RequestInputOf,
  type ResponseOf,
  responseCorrelationId,
} from '../../runtime/protocol/api.ts'

/** One connection that speaks one request after another, for tests that want to see every answer themselves. */
export class WireClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, { resolve(frame: Buffer): void; reject(error: Error): void }>()
  #buffered: Buffer = Buffer.alloc(0)
  #correlation = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    const lost = () => this.#fail(new Error('the connection is lost'))
    socket.on('error', lost)
    socket.on('close', lost)
  }

  static open(port: number): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        socket.setNoDelay(true)
        resolve(new WireClient(socket))
      })
    })
  }

  async call<A extends Api>(api: A, version: number, body: RequestInputOf<A>): Promise<ResponseOf<A>> {
    const correlationId = this.#correlation++
    const chunks = encodeRequest(api, version, { correlationId, clientId: 'wire' }, body)
    const frame = await new Promise<Buffer>((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is lost'))
      this.#waiting.set(correlationId, { resolve, reject })
      this.#socket.write(Buffer.concat(chunks))
    })
    return decodeResponse(api, version, frame)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk])
    while (this.#buffered.length >= 4) {
      const end = 4 + this.#buffered.readInt32BE(0)
      if (this.#buffered.length < end) return
      const frame = Buffer.from(this.#buffered.subarray(4, end))
      this.#buffered = this.#buffered.subarray(end)
      const id = responseCorrelationId(frame)
      this.#waiting.get(id)?.resolve(frame)
      this.#waiting.delete(id)
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
