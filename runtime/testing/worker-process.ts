import { type ChildProcess, execFile, fork } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ReadyMessage } from '../assembly/ready-message.ts'

const exec = promisify(execFile)

export interface WorkerProcessOptions {
  /** Path of the `millrace` command's script. */
  readonly command: string
  /** Where `worker.properties` and `worker.log` are written. */
  readonly folder: string
  readonly properties: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Connector files, as on the command line. */
  readonly connectorFiles?: readonly string[]
  /** Ends it by SIGKILL as soon as this aborts, also before it is ready (then `start` rejects). */
  readonly killed?: AbortSignal
}

/** State of a connector (`NAME`) that failed, or of a task (`NAME-0`). */
export interface PartState {
  readonly name: string
  readonly state: string
  readonly trace?: string
}

interface Status {
  readonly name: string
  readonly connector: { readonly state: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}

const asProperties = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('')

/** A worker as a user would start it: its own process, configured by a file, spoken to over REST. */
export class WorkerProcess {
  readonly rest: string
  readonly bootstrap: string
  readonly logFile: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, ready: ReadyMessage, logFile: string) {
    this.#child = child
    this.rest = ready.rest
    this.bootstrap = ready.bootstrap
    this.logFile = logFile
  }

  /** Resolves when its REST API answers. Started again with the same folder and properties it goes on where it was. */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    await mkdir(options.folder, { recursive: true })
    const file = join(options.folder, 'worker.properties')
    await writeFile(file, asProperties(options.properties))
    const logFile = join(options.folder, 'worker.log')
    const child = fork(options.command, ['worker', file, ...(options.connectorFiles ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...options.env },
      // A worker starts as a user starts it, not with the flags of a test runner.
      execArgv: [],
      ...(options.killed !== undefined && { signal: options.killed, killSignal: 'SIGKILL' }),
    })
    // The abort of `killed` is told here too, at any time.
    child.on('error', () => {})
    const log = createWriteStream(logFile, { flags: 'a' })
    child.stdout!.pipe(log, { end: false })
    child.stderr!.pipe(log, { end: false })
    child.once('close', () => log.end())
    const ready = await new Promise<ReadyMessage>((resolve, reject) => {
      child.once('message', message => resolve(message as ReadyMessage))
      child.once('error', reject)
      child.once('exit', code => reject(new Error(`The worker ended with ${code}; its log is ${logFile}`)))
    })
    return new WorkerProcess(child, ready, logFile)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The answer's JSON (undefined for an empty body); throws with the answer's text when it is no success. */
  async request<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.rest + path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** Creates or replaces a connector. */
  async submit(connector: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.request('PUT', `/connectors/${encodeURIComponent(connector)}/config`, config)
  }

  /** Every task, and every connector that failed. */
  async parts(): Promise<readonly PartState[]> {
    const connectors = await this.request<Record<string, { status: Status }>>('GET', '/connectors?expand=status')
    return Object.values(connectors).flatMap(({ status }) => [
      ...(status.connector.state === 'FAILED' ? [{ name: status.name, ...status.connector }] : []),
      ...status.tasks.map(task => ({ name: `${status.name}-${task.id}`, state: task.state, trace: task.trace })),
    ])
  }

  /** Resident memory in MB; NaN where it cannot be asked. */
  async memoryMb(): Promise<number> {
    const { stdout } = await exec('ps', ['-o', 'rss=', '-p', String(this.pid)]).catch(() => ({ stdout: '' }))
    return stdout.trim() === '' ? Number.NaN : Number(stdout) / 1024
  }

  /** Ends it in order; SIGKILL when it takes more than 20 s. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await this.#end('SIGTERM')
    clearTimeout(late)
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill(signal)
    await ended
  }
}
