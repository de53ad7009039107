import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./broker-child.ts', import.meta.url))

/** An embedded broker in a process of its own: killed, held, and started again on the same folder and port. */
export class BrokerProcess {
  readonly #folder: string
  #child: ChildProcess | undefined
  port = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async start(folder: string): Promise<BrokerProcess> {
    const broker = new BrokerProcess(folder)
    await broker.start()
    return broker
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const child = fork(script, [this.#folder, String(this.port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    })
    this.#child = child
    this.port = await new Promise<number>((resolve, reject) => {
      child.once('message', message => resolve((message as { port: number }).port))
      child.once('exit', code => reject(new Error(`The broker ended with ${code}`)))
    })
  }

  /** SIGSTOP holds it, SIGCONT lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
}
