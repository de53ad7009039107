import { setTimeout as sleep } from 'node:timers/promises'
import source from '../../connectors/postgres/source.ts'
import type { SourceContext } from '../../runtime/api/context.ts'
import type { SourceTask } from '../../runtime/api/define.ts'
import { isRetriable } from '../../runtime/api/errors.ts'
import type { OffsetMap, SourceRecord } from '../../runtime/api/record.ts'
import { parseConfig } from '../../runtime/config/parse.ts'
import { keptRecord } from '../../runtime/testing/kept-record.ts'

/** Offsets as the offset store keeps them: through JSON. */
export class StoredOffsets {
  stored: OffsetMap | undefined

  store(offset: OffsetMap): void {
    this.stored = JSON.parse(JSON.stringify(offset)) as OffsetMap
  }
}

export interface CaptureOptions {
  readonly offsets?: StoredOffsets
  /** Offsets are stored after every batch, unless this says otherwise. */
  readonly autoCommit?: boolean
  /** Only the first batch is taken, until `held` is cleared. */
  readonly held?: boolean
  /** Where the connector follows topics; by default there is no Kafka. */
  readonly followTopic?: SourceContext['followTopic']
  /** Called with each batch while its lazy keys and values can be read: they cannot once the next one is asked for. */
  readonly taken?: (batch: readonly SourceRecord[]) => void
}

/** The connector's one task, run as a worker runs it, its records kept in order. */
export class Capture {
  readonly records: SourceRecord[] = []
  readonly offsets: StoredOffsets
  readonly logs: string[] = []
  readonly retried: Error[] = []
  readonly gauges = new Map<string, number>()
  failure: Error | undefined
  ended = false
  /** Batches are not taken while this holds. */
  held = false
  #autoCommit: boolean
  readonly #taken: CaptureOptions['taken']
  readonly #followTopic: CaptureOptions['followTopic']
  readonly #abort = new AbortController()
  #task: SourceTask | undefined
  #pump: Promise<void> = Promise.resolve()

  constructor(options: CaptureOptions = {}) {
    this.offsets = options.offsets ?? new StoredOffsets()
    this.#autoCommit = options.autoCommit ?? true
    this.held = options.held ?? false
    this.#taken = options.taken
    this.#followTopic = options.followTopic
  }

  async start(props: Readonly<Record<string, string>>): Promise<this> {
    const { config, problems } = parseConfig(source.config, props)
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '))
    const log = (level: string) => (message: string, details?: object) => {
      this.logs.push(
        `${level} ${message} ${JSON.stringify(details, (_, value) => (value instanceof Error ? value.message : value))}`,
      )
    }
    this.#task = await source.open(
      config as never,
      {
        connector: 'capture',
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
        originals: props,
        task: 0,
        signal: this.#abort.signal,
        progress() {},
        gauge: (name, value) => void this.gauges.set(name, value),
        offsets: async partitions => partitions.map(() => this.offsets.stored),
        ...(this.#followTopic !== undefined && { followTopic: this.#followTopic }),
      },
      {},
    )
    this.#pump = this.#run(this.#task)
    return this
  }

  async #run(task: SourceTask): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        for await (const batch of task.read()) {
          const written = batch.filter(record => record.positionOnly !== true)
          this.#taken?.(written)
          this.records.push(...written.map(keptRecord))
          const last = batch.at(-1)
          if (last !== undefined && this.#autoCommit) {
            this.offsets.store(last.sourceOffset)
            task.committed?.([{ partition: last.sourcePartition, offset: this.offsets.stored! }])
          }
          while (this.held && !signal.aborted) await sleep(5)
          if (signal.aborted) return
        }
        this.ended = true
        return
      } catch (error) {
        if (!isRetriable(error)) {
          this.failure = error as Error
          return
        }
        this.retried.push(error)
        await sleep(error.retryAfterMs ?? 100)
      }
    }
  }

  /** Stores the offset of this record, and tells the task. */
  commit(record: SourceRecord): void {
    this.offsets.store(record.sourceOffset)
    this.#task?.committed?.([{ partition: record.sourcePartition, offset: this.offsets.stored! }])
  }

  /** Resolves when `done` holds; throws what the task failed with. */
  async until(done: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
    const end = Date.now() + ms
    while (!(await done())) {
      if (this.failure !== undefined) throw this.failure
      if (Date.now() > end)
        throw new Error(
          `Timeout waiting for ${what}; ${this.records.length} records; ${this.logs.slice(-3).join(' | ')}; ${this.retried.at(-1)?.message}`,
        )
      await sleep(20)
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#pump
    await this.#task?.close?.()
  }
}
