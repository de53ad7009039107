import type { Log } from '../api/context.ts'
import { errorText } from '../telemetry/log.ts'

/** Keys that hold secrets whatever their declaration says. */
const secretKey = /password|secret|passphrase|credential|jaas\.config|private\.?key|access\.?key|token$/i
/** A shorter text is no secret worth the name, and hiding it would garble every line. */
const MIN_LENGTH = 3

/**
 * The secrets of a connector's settings: what looks like one by its key, what is declared as a password, and what a config
 * provider put in the place of a variable.
 */
export const secretsOf = (
  raw: Readonly<Record<string, string | null | undefined>>,
  resolved: Readonly<Record<string, string>>,
  declared: readonly string[] = [],
): readonly string[] => {
  const secrets = new Set<string>()
  for (const [key, value] of Object.entries(resolved)) {
    const provided = raw[key] !== undefined && raw[key] !== value
    if (value.length >= MIN_LENGTH && (provided || declared.includes(key) || secretKey.test(key))) secrets.add(value)
  }
  // The longest first: one may be a part of another.
  return Array.from(secrets).sort((a, b) => b.length - a.length)
}

/** The text with every secret in it hidden (invariant 10). */
export const hideSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '[hidden]'), text)

/** A whole error for a status: its stack and those of its causes, secrets hidden. */
export const traceOf = (error: unknown, secrets: readonly string[]): string => hideSecrets(errorText(error), secrets)

/** A log that hides the secrets of a connector in messages and errors, whoever wrote them there. */
export const hidingLog = (log: Log, secrets: readonly string[]): Log => {
  if (secrets.length === 0) return log
  const hide = (details: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | undefined =>
    details === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(details).map(([key, value]) => {
            if (value instanceof Error) return [key, traceOf(value, secrets)]
            return [key, typeof value === 'string' ? hideSecrets(value, secrets) : value]
          }),
        )
  const at =
    (level: keyof Log) =>
    (message: string, details?: Readonly<Record<string, unknown>>): void =>
      log[level](hideSecrets(message, secrets), hide(details))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
