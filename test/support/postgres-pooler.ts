import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Answers as a pooler does that does not carry replication. */
export type PoolerManner = 'refuses settings' | 'refuses replication' | 'forgets replication'

const refusal = (setting: string): Buffer => {
  const body = Buffer.from(`SFATAL\0C08P01\0Munsupported startup parameter: ${setting}\0\0`)
  const head = Buffer.alloc(5, 'E')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Before PostgreSQL, as PgBouncer is: it reads the settings of a connection, and passes on the rest. */
export class PostgresPooler {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: number, manner: PoolerManner) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      const first = (bytes: Buffer) => {
        // A request for TLS is declined.
        if (bytes.length === 8) {
          socket.once('data', first).write('N')
          return
        }
        const settings = bytes.toString('latin1', 8).split('\0')
        const at = settings.findIndex((name, place) => place % 2 === 0 && name === 'replication')
        if (manner === 'refuses settings') return socket.end(refusal('extra_float_digits'))
        if (manner === 'refuses replication' && at >= 0) return socket.end(refusal('replication'))
        if (at >= 0) settings.splice(at, 2)
        const body = Buffer.from(settings.join('\0'), 'latin1')
        const head = Buffer.alloc(8)
        head.writeInt32BE(body.length + 8, 0)
        bytes.copy(head, 4, 4, 8)
        const server = connect(target, '127.0.0.1')
        this.#sockets.add(server)
        server.on('error', () => socket.destroy())
        server.write(Buffer.concat([head, body]))
        server.pipe(socket).pipe(server)
      }
      socket.once('data', first)
    })
  }

  static async start(target: number, manner: PoolerManner): Promise<PostgresPooler> {
    const pooler = new PostgresPooler(target, manner)
    pooler.#server.listen(0, '127.0.0.1')
    await once(pooler.#server, 'listening')
    return pooler
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
