import type { Log } from '../api/context.ts'
import { ConnectError } from '../api/errors.ts'
import { AbortedError } from '../base/abort.ts'
import { parseOrThrow } from '../config/parse.ts'
import type { TargetState } from '../stores/ports.ts'
import { hidingLog, Secrets, traceOf } from './error-text.ts'
import type { StartConnector } from './messages.ts'
import type { ConnectorDefinition } from './plugin-access.ts'
import type { RunReport } from './ports.ts'
import { taskClass, workToProps } from './work.ts'

export interface ConnectorRunnerParts {
  readonly start: StartConnector
  readonly load: () => Promise<ConnectorDefinition>
  readonly report: (report: RunReport) => void
  readonly outdated: () => void
  readonly log: Log
}

/** The connector itself, beside its tasks: splits the work, and watches for a reason to split it anew. */
export class ConnectorRunner {
  readonly #parts: ConnectorRunnerParts
  readonly #log: Log
  readonly #secrets: Secrets
  #definition: ConnectorDefinition | undefined
  /** Its settings are parsed: it can go to its target state. */
  #ready = false
  #stopped = false
  #target: TargetState
  #config: Record<string, unknown> = {}
  #failure: { readonly error: unknown } | undefined
  #watching: AbortController | undefined

  constructor(parts: ConnectorRunnerParts) {
    this.#parts = parts
    const { props, secrets } = parts.start.resolved
    this.#secrets = new Secrets(props, secrets)
    this.#log = hidingLog(parts.log, this.#secrets)
    this.#target = parts.start.target
  }

  /** Loads, parses, and goes to the target state; what fails is reported, not thrown. */
  async start(): Promise<void> {
    const { start, load } = this.#parts
    try {
      this.#definition = await load()
      this.#secrets.declare(this.#definition.config, start.resolved.props)
      this.#config = parseOrThrow(this.#definition.config, start.resolved.props)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#stopped) return
    this.#ready = true
    this.setTarget(this.#target)
  }

  /**
   * From FAILED nothing but STOPPED is honoured, and from there it may be resumed; everything else needs a restart. While it
   * is starting the last target given counts.
   */
  setTarget(target: TargetState): void {
    this.#target = target
    if (this.#failure === undefined && !this.#ready) return
    if (this.#failure !== undefined && target !== 'STOPPED') return
    if (this.#ready) this.#failure = undefined
    this.#unwatch()
    if (target === 'STARTED') this.#watch()
    this.#report(target === 'STARTED' ? 'RUNNING' : target)
  }

  stop(): void {
    this.#stopped = true
    this.#unwatch()
  }

  #unwatch(): void {
    this.#watching?.abort()
    this.#watching = undefined
  }

  /**
   * The configs of its tasks: the connector's settings as they are stored, the work item over them, `task.class`. Throws what
   * the connector throws, or what made it fail.
   */
  async taskConfigs(): Promise<readonly Readonly<Record<string, string>>[]> {
    const definition = this.#definition
    if (this.#failure !== undefined) throw this.#failure.error
    if (definition === undefined) throw new ConnectError(`Connector ${this.#parts.start.connector} is still starting`)
    const { raw, resolved, connector } = this.#parts.start
    const settings: Record<string, string> = {}
    for (const [key, value] of Object.entries(raw)) if (value !== null) settings[key] = value
    const maxTasks = Number(resolved.props['tasks.max'] ?? '1')
    const works =
      definition.kind === 'sink'
        ? Array.from({ length: maxTasks }, () => ({}))
        : ((await definition.split?.(this.#config as never, maxTasks, {
            connector,
            log: this.#log,
            originals: resolved.props,
          })) ?? [{}])
    return works.map(work => ({ ...settings, ...workToProps(work), 'task.class': taskClass(definition.class) }))
  }

  #watch(): void {
    const definition = this.#definition
    if (definition?.kind !== 'source' || definition.changes === undefined) return
    const watching = new AbortController()
    this.#watching = watching
    const { changes } = definition
    const watch = async (): Promise<void> => {
      for await (const _ of changes(this.#config as never, watching.signal)) {
        if (watching.signal.aborted) return
        this.#parts.outdated()
      }
    }
    watch().catch((error: unknown) => {
      if (!watching.signal.aborted && !(error instanceof AbortedError)) this.#fail(error)
    })
  }

  /** Something outside its calls went wrong for which it answers. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    this.#unwatch()
    this.#log.error('The connector has failed and does nothing until it is restarted', { error })
    this.#report('FAILED', traceOf(error, this.#secrets))
  }

  #report(state: RunReport['state'], trace?: string): void {
    // None before it has a configuration, as in Kafka Connect.
    const version = this.#ready ? this.#definition?.version : undefined
    this.#parts.report({
      state,
      ...(trace === undefined ? {} : { trace }),
      ...(version === undefined ? {} : { version }),
    })
  }
}
