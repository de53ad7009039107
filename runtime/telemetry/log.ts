import { isMainThread } from 'node:worker_threads'
import { type Logger, pino } from 'pino'
import type { Log } from '../api/context.ts'
import { javaErrorName } from '../api/errors.ts'
import { type LevelName, Levels, levelNames } from './levels.ts'

/** Shared by the loggers of this thread; a change has to reach every thread (worker/ passes it on). */
export const levels = new Levels()

const secretKey = /password|secret|token|credential|jaas|private.?key|passphrase/i

/** Details with the values of secret-looking members hidden, at any depth; errors as text with their causes (invariant 10). */
export const redact = (details: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => {
      if (secretKey.test(key) && value !== undefined && value !== null) return [key, '[hidden]']
      if (value instanceof Error) return [key, errorText(value)]
      if (typeof value === 'bigint') return [key, String(value)]
      const plain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
      return [key, plain && depth < 4 ? redact(value as Record<string, unknown>, depth + 1) : value]
    }),
  )

const stackOf = (error: Error): string => {
  const own = `${error.name}: `
  const stack = error.stack ?? own + error.message
  return stack.startsWith(own) ? `${javaErrorName(error)}: ${stack.slice(own.length)}` : stack
}

/** Stack of an error and of its causes, as `Caused by:` lines; errors that Kafka Connect has too have its class names. */
export const errorText = (error: unknown): string => {
  const parts: string[] = []
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 10; depth++) {
    parts.push(at instanceof Error ? stackOf(at) : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join('\nCaused by: ')
}

let sink: Logger | undefined

// One line is one write: lines of several threads do not mix.
const output = (): Logger => {
  sink ??= pino(
    {
      level: 'trace',
      base: isMainThread ? null : { thread: true },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label.toUpperCase() }) },
    },
    pino.destination({ fd: 1, sync: true }),
  )
  return sink
}

/** Sends log lines elsewhere (tests, an own format). */
export const logTo = (logger: Logger): void => {
  sink = logger
}

const rank = (level: LevelName): number => levelNames.indexOf(level)

/** A logger by its dotted name (`millrace.task`, or a connector's class); bindings (connector, task) go on every line. */
export const logger = (name: string, bindings: Readonly<Record<string, unknown>> = {}): Log => {
  levels.know(name)
  const at =
    (level: LevelName, method: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, details: Readonly<Record<string, unknown>> = {}): void => {
      if (rank(levels.effective(name)) < rank(level)) return
      output()[method]({ logger: name, ...bindings, ...redact(details) }, message)
    }
  return {
    debug: at('DEBUG', 'debug'),
    info: at('INFO', 'info'),
    warn: at('WARN', 'warn'),
    error: at('ERROR', 'error'),
  }
}
