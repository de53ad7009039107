import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint } from './s3-sink-run.ts'

/**
 * What becomes of requests: `fine` passes them on; `refusing` answers 503; `silent` takes them and never answers; `cutting` ends
 * the connection when half of an upload has reached the store; `late` holds uploads until `release`.
 */
export type Weather = 'fine' | 'refusing' | 'silent' | 'cutting' | 'late'

/** Stands between a worker and an S3 server: the same credentials and region, another address. */
export class S3Proxy implements Endpoint {
  weather: Weather = 'fine'
  /** Requests that met anything but fine weather. */
  struck = 0
  readonly #upstream: Endpoint
  readonly #agent = new Agent({ keepAlive: true })
  readonly #server = createServer({ requestTimeout: 0 }, (incoming, response) => this.#serve(incoming, response))
  #held: (() => void)[] = []
  url = ''

  private constructor(upstream: Endpoint) {
    this.#upstream = upstream
  }

  static async start(upstream: Endpoint): Promise<S3Proxy> {
    const proxy = new S3Proxy(upstream)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    proxy.url = `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`
    return proxy
  }

  get region(): string {
    return this.#upstream.region
  }

  get accessKeyId(): string {
    return this.#upstream.accessKeyId
  }

  get secretAccessKey(): string {
    return this.#upstream.secretAccessKey
  }

  /** Uploads that wait for `release`. */
  get held(): number {
    return this.#held.length
  }

  /** Lets held uploads go: those whose client is still there reach the store. */
  release(): void {
    for (const go of this.#held.splice(0)) go()
  }

  async close(): Promise<void> {
    this.release()
    this.#agent.destroy()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const { weather } = this
    const upload = incoming.method === 'PUT'
    if (weather !== 'fine') this.struck++
    if (weather === 'refusing') this.#refuse(incoming, response)
    else if (weather === 'silent') incoming.resume()
    else if (weather === 'late' && upload) void this.#hold(incoming, response)
    else this.#pass(incoming, response, weather === 'cutting' && upload)
  }

  #pass(incoming: IncomingMessage, response: ServerResponse, cut: boolean): void {
    const cutAt = cut ? Math.floor(Number(incoming.headers['content-length'] ?? 0) / 2) : undefined
    const onward = this.#onward(incoming, response)
    if (cutAt === undefined) {
      incoming.pipe(onward)
      return
    }
    let passed = 0
    incoming.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, cutAt - passed))
      passed += chunk.length
      onward.write(part, () => {
        if (passed < cutAt) return
        onward.destroy()
        incoming.socket.destroy()
      })
    })
  }

  /** The request as it came, its headers untouched: the signature covers them. */
  #onward(incoming: IncomingMessage, response: ServerResponse) {
    const { hostname, port } = new URL(this.#upstream.url)
    const { method, url: path, headers } = incoming
    const onward = request({ hostname, port, method, path, headers, agent: this.#agent }, answer => {
      response.writeHead(answer.statusCode!, answer.rawHeaders)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    return onward
  }

  #refuse(incoming: IncomingMessage, response: ServerResponse): void {
    incoming.resume()
    incoming.on('end', () => {
      response.writeHead(503, { 'content-type': 'application/xml' })
      response.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>')
    })
  }

  async #hold(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming).catch(() => undefined)
    await new Promise<void>(resolve => this.#held.push(resolve))
    // As a gateway would that sees its client hang up.
    await delay(0)
    if (body === undefined || response.destroyed || incoming.socket.destroyed) return
    this.#onward(incoming, response).end(body)
  }
}
