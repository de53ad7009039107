import { type IncomingMessage, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type Child, cpuSeconds, startChild, untilUp } from './processes.ts'

export interface PartStatus {
  readonly state: string
  readonly worker_id: string
  readonly trace?: string
}

export interface ConnectorStatus {
  readonly connector: PartStatus
  readonly tasks: readonly PartStatus[]
}

const get = (url: string): Promise<number | undefined> =>
  new Promise(resolve => {
    const asked = request(url, { agent: false, timeout: 2000 }, (answer: IncomingMessage) => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    })
    asked.once('error', () => resolve(undefined))
    asked.once('timeout', () => asked.destroy())
    asked.end()
  })

/** A running Kafka Connect worker, of whatever make, spoken to over REST. */
export class Worker {
  readonly #child: Child
  readonly #rest: string
  /** Milliseconds from the spawn to the first 200 of `GET /`. */
  readonly readyMs: number
  /** The same of `GET /connectors`. */
  readonly connectorsMs: number
  readonly cpuToReadySeconds: number

  private constructor(child: Child, rest: string, readyMs: number, connectorsMs: number, cpuToReadySeconds: number) {
    this.#child = child
    this.#rest = rest
    this.readyMs = readyMs
    this.connectorsMs = connectorsMs
    this.cpuToReadySeconds = cpuToReadySeconds
  }

  /** Spawns `command`, whose REST interface is to appear at 127.0.0.1:`port`; asked every `everyMs`. */
  static async start(command: readonly string[], port: number, logFile: string, everyMs: number): Promise<Worker> {
    const rest = `http://127.0.0.1:${port}`
    const started = performance.now()
    const child = await startChild(command, logFile)
    const answers = (path: string): Promise<number> =>
      untilUp(child, `The worker (${command.slice(0, 2).join(' ')} ...)`, 180_000, everyMs, async () =>
        (await get(rest + path)) === 200 ? performance.now() - started : undefined,
      )
    try {
      const readyMs = await answers('/')
      const cpuToReadySeconds = cpuSeconds(child.pid)
      const connectorsMs = await answers('/connectors')
      return new Worker(child, rest, readyMs, connectorsMs, cpuToReadySeconds)
    } catch (error) {
      await child.stop(0)
      throw error
    }
  }

  /** What statuses call it. */
  get id(): string {
    return new URL(this.#rest).host
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Undefined for an empty answer. A 409 (a rebalance of Kafka Connect's cluster of one) is asked again for 30 s. */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const answer = await fetch(this.#rest + path, {
        method,
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(90_000),
      })
      const text = await answer.text()
      if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T
      if (answer.status !== 409 || attempt === 120)
        throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 1000)}\n${this.log()}`)
      await delay(250)
    }
  }

  async submit(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.request('PUT', `/connectors/${name}/config`, config)
  }

  async remove(name: string): Promise<void> {
    await this.request('DELETE', `/connectors/${name}`)
  }

  /** Throws with its trace when the connector or a task of it failed, or when the process has ended. */
  async check(name: string): Promise<void> {
    if (this.#child.ended() !== undefined) throw new Error(`The worker ${this.#child.ended()}:\n${this.log()}`)
    const answer = await fetch(`${this.#rest}/connectors/${name}/status`, { signal: AbortSignal.timeout(30_000) })
    if (!answer.ok) return void (await answer.arrayBuffer())
    const { connector, tasks } = (await answer.json()) as ConnectorStatus
    const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED')
    if (failed !== undefined) throw new Error(`${name} failed: ${failed.trace ?? 'without a trace'}`)
  }

  /** The end of what it logged. */
  log(): string {
    return this.#child.output().slice(-3000)
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  /** As a crash would end it. */
  kill(): Promise<void> {
    return this.#child.stop(0)
  }
}
