import { ConfigError } from '../api/errors.ts'

/**
 * A Java regular expression that must match a whole topic name (`topics.regex`, `topic.creation.*.include`). What topic names
 * need means the same in JavaScript; a leading `(?i)` is understood, whatever else differs is refused rather than guessed
 * (invariant 9).
 */
export const topicPattern = (key: string, source: string): RegExp => {
  const ignoreCase = source.startsWith('(?i)')
  const body = ignoreCase ? source.slice(4) : source
  const refuse = (why: string, cause?: unknown): never => {
    throw new ConfigError(`Invalid value ${source} for configuration ${key}: ${why}`, { key, cause })
  }
  const foreign = /\\[QEGZzAhRXKp]|(?<!\\)[*+?}]\+|\(\?[a-zA-Z-]+[:)]|\(\?>|&&/.exec(body)
  if (foreign !== null)
    refuse(`"${foreign[0]}" of Java's regular expressions is not understood here; write it another way`)
  try {
    return new RegExp(`^(?:${body})$`, ignoreCase ? 'i' : '')
  } catch (error) {
    return refuse('it is no regular expression', error)
  }
}
