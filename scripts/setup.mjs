// Runs on Node 20 with nothing installed: installs the packages and finds the Node that they bring.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const bin = join(root, 'node_modules', '.bin')

/** The environment of everything we start: Node 24 and the tools come from node_modules. */
export const env = (extra = {}) => ({ ...process.env, ...extra, PATH: bin + delimiter + process.env.PATH })

/** Runs `npm ci` unless node_modules already is what the lock file says. */
export const ensureInstalled = () => {
  const stamp = join(root, 'node_modules', '.millrace-lock')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.log('Installing packages (npm ci) ...')
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    console.error('npm ci failed: see its message above, mend it, and run this again.')
    process.exit(result.status ?? 1)
  }
  writeFileSync(stamp, wanted)
}

/** Runs a program to its end; resolves to its exit code. Ctrl-C reaches it through the terminal. */
export const run = (command, args, extraEnv = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: env(extraEnv) })
    process.on('SIGINT', () => {})
    process.once('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })

/** The Node 24 of node_modules with our own arguments. */
export const node = (args, extraEnv) => run(join(bin, 'node'), args, extraEnv)
