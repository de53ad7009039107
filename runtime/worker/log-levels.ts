import type { LoggerLevel } from '../telemetry/levels.ts'
import { levels } from '../telemetry/log.ts'

/** The levels of the main thread's loggers, to be given to other threads. */
export type SharedLevels = readonly (readonly [string, LoggerLevel])[]

export const sharedLevels = (): SharedLevels => Array.from(levels.all())

/** Gives the loggers of this thread the same levels. A level reaches all names below it: the shorter names come first. */
export const applyLevels = (shared: SharedLevels): void => {
  const order = [...shared].sort(([a], [b]) => Number(b === 'root') - Number(a === 'root') || a.length - b.length)
  for (const [name, { level, lastModified }] of order) {
    if (levels.get(name)?.level !== level) levels.set(name, level, lastModified ?? 0)
  }
}
