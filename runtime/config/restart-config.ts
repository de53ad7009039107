import { type ConfigOf, c } from '../api/config.ts'
import { parseOrThrow } from './parse.ts'
import { withoutNulls } from './without-nulls.ts'

const about = (displayName: string) => ({ group: 'Error Handling', displayName, importance: 'MEDIUM' }) as const

/** An addition to Kafka Connect's settings; shown in a validation only where one of them is set. */
export const restartSpec = {
  'errors.restart.max': c.int(
    'How often a connector or task that failed is restarted by itself within errors.restart.window.ms; 0 never, -1 without end.',
    { default: 0, min: -1, ...about('Automatic Restarts') },
  ),
  'errors.restart.window.ms': c.long('The time in which automatic restarts are counted, ms.', {
    default: 3_600_000,
    min: 1,
    ...about('Window of Automatic Restarts'),
  }),
  'errors.restart.delay.ms': c.long(
    'The wait before the first automatic restart, ms; each further one waits twice as long.',
    {
      default: 1000,
      min: 0,
      ...about('First Delay of Automatic Restarts'),
    },
  ),
  'errors.restart.delay.max.ms': c.long('The longest wait before an automatic restart, ms.', {
    default: 300_000,
    min: 0,
    ...about('Longest Delay of Automatic Restarts'),
  }),
} as const

export interface RestartSettings {
  /** Within the window; Infinity: without end. */
  readonly max: number
  readonly windowMs: number
  readonly delayMs: number
  readonly maxDelayMs: number
}

export const setsRestarts = (props: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(props).some(key => key in restartSpec)

/** Undefined: nothing is restarted by itself. Throws ConfigError. */
export const restartSettings = (props: Readonly<Record<string, string | null>>): RestartSettings | undefined => {
  if (!setsRestarts(props)) return undefined
  const parsed = parseOrThrow(restartSpec, withoutNulls(props)) as ConfigOf<typeof restartSpec>
  const max = parsed.errorsRestartMax < 0 ? Number.POSITIVE_INFINITY : parsed.errorsRestartMax
  if (max === 0) return undefined
  return {
    max,
    windowMs: parsed.errorsRestartWindowMs,
    delayMs: parsed.errorsRestartDelayMs,
    maxDelayMs: parsed.errorsRestartDelayMaxMs,
  }
}
