import { backoffDelay } from '../base/backoff.ts'
import type { RestartSettings } from '../config/restart-config.ts'
import { ConnectorTimers } from './connector-timers.ts'

const inWords = (ms: number): string => {
  if (ms < 1000) return `${Math.ceil(ms)} ms`
  if (ms < 120_000) return `${Math.ceil(ms / 1000)} s`
  return `${Math.round(ms / 60_000)} min`
}

export interface NextRestart {
  /** Undefined: the budget is used up. */
  readonly inMs: number | undefined
  /** For people: what happens next. */
  readonly text: string
}

/** What follows a failure at `nowMs`, after the restarts that there were (ms, the oldest first). Pure. */
export const nextRestart = (
  { max, windowMs, delayMs, maxDelayMs }: RestartSettings,
  before: readonly number[],
  nowMs: number,
  random: () => number = Math.random,
): NextRestart => {
  const counted = before.filter(at => nowMs - at < windowMs).length
  const within = `within ${inWords(windowMs)}`
  if (counted >= max)
    return {
      inMs: undefined,
      text: `Not restarted any more: it was ${counted} times ${within} (errors.restart.max). Mend the cause and restart it`,
    }
  const inMs = Math.round(backoffDelay({ initialMs: delayMs, maxMs: maxDelayMs }, counted, random))
  const of = Number.isFinite(max) ? ` of ${max} ${within}` : ''
  return { inMs, text: `Restarted by itself in ${inWords(inMs)} (restart ${counted + 1}${of})` }
}

/** Restarts of connectors and tasks that failed, by key. */
export class Restarts {
  readonly #before = new Map<string, number[]>()
  readonly #timers = new ConnectorTimers()

  /** `run` is called when it is time; returns what happens next, for people. */
  failed(key: string, settings: RestartSettings, run: () => void): string {
    const now = performance.now()
    const before = (this.#before.get(key) ?? []).filter(at => now - at < settings.windowMs)
    const { inMs, text } = nextRestart(settings, before, now)
    if (inMs !== undefined) {
      this.#timers.set(key, inMs, () => {
        this.#before.set(key, [...before, performance.now()])
        run()
      })
    }
    return text
  }

  /** It runs, or was stopped: nothing is due. What was counted stays counted. */
  cancel(key: string): void {
    this.#timers.cancel(key)
  }

  close(): void {
    this.#timers.close()
  }
}
