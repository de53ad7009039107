import source from '../../connectors/postgres/source.ts'
import type { ConfigProblem } from '../../runtime/api/define.ts'
import { parseConfig } from '../../runtime/config/parse.ts'

/** What the validation of the Postgres source finds in a configuration. */
export const postgresProblems = async (given: Readonly<Record<string, string>>): Promise<readonly ConfigProblem[]> => {
  const { config, problems } = parseConfig(source.config, given)
  if (problems.length > 0) return problems
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const signal = new AbortController().signal
  return source.validate!(config as never, { connector: 'x', log, originals: given, signal })
}
