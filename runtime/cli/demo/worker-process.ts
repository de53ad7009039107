import { type ChildProcess, execFile, fork } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ReadyMessage } from '../command.ts'

const exec = promisify(execFile)

export interface TaskView {
  readonly name: string
  readonly state: string
  readonly trace?: string
}

interface Status {
  readonly name: string
  readonly connector: { readonly state: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}

/** A worker as a user would start it: its own process, configured by a file, spoken to over REST. */
export class WorkerProcess {
  readonly rest: string
  readonly bootstrap: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, ready: ReadyMessage) {
    this.#child = child
    this.rest = ready.rest
    this.bootstrap = ready.bootstrap
  }

  static async start(folder: string, properties: Readonly<Record<string, string>>): Promise<WorkerProcess> {
    const file = join(folder, 'worker.properties')
    await writeFile(
      file,
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
        .join(''),
    )
    const logFile = join(folder, 'worker.log')
    const child = fork(process.argv[1]!, ['worker', file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const log = createWriteStream(logFile)
    child.stdout!.pipe(log, { end: false })
    child.stderr!.pipe(log, { end: false })
    const ready = await new Promise<ReadyMessage>((resolve, reject) => {
      child.on('message', message => resolve(message as ReadyMessage))
      child.once('error', reject)
      child.once('exit', code => reject(new Error(`The worker ended with ${code}; its log is ${logFile}`)))
    })
    return new WorkerProcess(child, ready)
  }

  async submit(connector: string, config: Readonly<Record<string, string>>): Promise<void> {
    const response = await fetch(`${this.rest}/connectors/${connector}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
    })
    if (!response.ok) throw new Error(`The worker refused ${connector}: ${await response.text()}`)
  }

  async tasks(): Promise<readonly TaskView[]> {
    const response = await fetch(`${this.rest}/connectors?expand=status`)
    const connectors = (await response.json()) as Record<string, { status: Status }>
    return Object.values(connectors).flatMap(({ status }) => [
      ...(status.connector.state === 'FAILED' ? [{ name: status.name, ...status.connector }] : []),
      ...status.tasks.map(task => ({ name: `${status.name}-${task.id}`, state: task.state, trace: task.trace })),
    ])
  }

  /** Resident memory in MB; NaN where it cannot be asked. */
  async memoryMb(): Promise<number> {
    const { stdout } = await exec('ps', ['-o', 'rss=', '-p', String(this.#child.pid)]).catch(() => ({ stdout: '' }))
    return stdout.trim() === '' ? Number.NaN : Number(stdout) / 1024
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(late)
  }
}
