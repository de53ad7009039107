import type { ConfigSpec } from '../api/config.ts'
import type { Log } from '../api/context.ts'
import { isSecretKey } from '../config/secret-key.ts'
import { errorText } from '../telemetry/log.ts'

/** A shorter text is no secret worth the name, and hiding it would garble every line. */
const MIN_LENGTH = 3

/** The secrets of a connector: what looks like one by its key, what config providers gave, and what a plugin declares. */
export class Secrets {
  #texts: readonly string[]

  constructor(props: Readonly<Record<string, string>>, known: readonly string[] = []) {
    this.#texts = []
    this.add(known)
    this.add(Object.entries(props).flatMap(([key, value]) => (isSecretKey(key) ? [value] : [])))
  }

  /** Texts to be hidden from here on. */
  add(texts: readonly string[]): void {
    const all = new Set([...this.#texts, ...texts.filter(text => text.length >= MIN_LENGTH)])
    // The longest first: one may be a part of another.
    this.#texts = Array.from(all).sort((a, b) => b.length - a.length)
  }

  /** The values of settings that a plugin declares as passwords. */
  declare(spec: ConfigSpec, props: Readonly<Record<string, string>>): void {
    for (const [key, { type, options }] of Object.entries(spec)) {
      if (type === 'PASSWORD') this.add([key, ...(options.aliases ?? [])].flatMap(name => props[name] ?? []))
    }
  }

  /** The text with every secret in it hidden (invariant 10). */
  hide(text: string): string {
    return this.#texts.reduce((hidden, secret) => hidden.replaceAll(secret, '[hidden]'), text)
  }

  /** As plain data, to be given to another thread. */
  toJSON(): readonly string[] {
    return this.#texts
  }
}

/** A whole error for a status: its stack and those of its causes, secrets hidden. */
export const traceOf = (error: unknown, secrets: Secrets): string => secrets.hide(errorText(error))

/** A log that hides the secrets of a connector in messages and errors, whoever wrote them there. */
export const hidingLog = (log: Log, secrets: Secrets): Log => {
  const hide = (details: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | undefined =>
    details === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(details).map(([key, value]) => {
            if (value instanceof Error) return [key, traceOf(value, secrets)]
            return [key, typeof value === 'string' ? secrets.hide(value) : value]
          }),
        )
  const at =
    (level: keyof Log) =>
    (message: string, details?: Readonly<Record<string, unknown>>): void =>
      log[level](secrets.hide(message), hide(details))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
