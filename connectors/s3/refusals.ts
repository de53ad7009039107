import { ConfigError, type ConfigProblem, isConfigError } from 'millrace'

/** Whether it is so, the setting it is about, and what to do. */
export type Refusal = readonly [wrong: boolean, key: string, message: string]

/**
 * What does not go together, each with its setting, named in the message too: users see the messages of all of them in one
 * text. `made`: what is built of the settings, and throws ConfigError where that fails.
 */
export const refused = (refusals: readonly Refusal[], made: readonly (() => unknown)[]): readonly ConfigProblem[] => {
  const problems = new Map<string, string>()
  for (const [wrong, key, message] of refusals) if (wrong) problems.set(key, message)
  for (const make of made) {
    try {
      make()
    } catch (error) {
      if (!isConfigError(error) || error.key === undefined) throw error
      if (!problems.has(error.key)) problems.set(error.key, error.message)
    }
  }
  return Array.from(problems, ([key, message]) => ({ key, message: `${key}: ${message}` }))
}

/** Throws ConfigError for the first of them. */
export const refuse = ([problem]: readonly ConfigProblem[]): void => {
  if (problem !== undefined) throw new ConfigError(problem.message, { key: problem.key })
}
