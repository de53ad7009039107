import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

const message = (type: string, ...parts: readonly (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5, type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const ready = message('Z', 'I')
const welcome = (version: string): Buffer =>
  Buffer.concat([message('R', Buffer.alloc(4)), message('S', `server_version\0${version}\0`), ready])
const refusal = (severity: string, code: string, text: string): Buffer =>
  message('E', `S${severity}\0V${severity}\0C${code}\0M${text}\0\0`)

/** What stands where PostgreSQL is expected: a server of another version, which lets everybody in and understands nothing. */
export class FakePostgres {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(version: string) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      let greeted = false
      socket.on('data', bytes => {
        // A request for TLS is declined.
        if (!greeted && bytes.length === 8) socket.write('N')
        else if (greeted) socket.write(Buffer.concat([refusal('ERROR', '42601', 'syntax error'), ready]))
        else {
          greeted = true
          socket.write(welcome(version))
        }
      })
    })
  }

  static async start(version: string): Promise<FakePostgres> {
    const fake = new FakePostgres(version)
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
