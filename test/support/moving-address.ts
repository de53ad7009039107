import { connect, createServer, type Socket } from 'node:net'

/** An address whose server changes, as one that a load balancer gives: `point` at another port, or at none. */
export interface MovingAddress {
  readonly port: number
  /** Connections to the former server end; undefined: none is taken. */
  point(port: number | undefined): void
  close(): Promise<void>
}

export const movingAddress = async (first: number): Promise<MovingAddress> => {
  let target: number | undefined = first
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    if (target === undefined) return void client.destroy()
    const upstream = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    point(port) {
      target = port
      cut()
    },
    close() {
      cut()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
