import type { ConfigProblem } from 'millrace'
import { wholeNames } from './patterns.ts'

/** What one post processor reads again. */
export interface ReselectSettings {
  readonly wanted: (schema: string, table: string, column: string) => boolean
  /** Large values that did not change and were not sent. */
  readonly unavailable: boolean
  /** Null values. */
  readonly nulls: boolean
  /** Rows are found by the key of the record, not by the primary key. */
  readonly byEventKey: boolean
  readonly failOnError: boolean
}

type Read = { readonly reselects: readonly ReselectSettings[]; readonly problems: readonly ConfigProblem[] }

const processor = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor'

const one = (
  name: string,
  originals: Readonly<Record<string, string>>,
  problem: (key: string, what: string) => void,
): ReselectSettings => {
  const text = (setting: string) => originals[`${name}.${setting}`]?.trim() ?? ''
  const flag = (setting: string, standard: boolean): boolean => {
    const value = text(setting).toLowerCase()
    if (value === '') return standard
    if (value !== 'true' && value !== 'false')
      problem(`${name}.${setting}`, `${value} is neither true nor false; give one of them`)
    return value === 'true'
  }
  const patterns = (setting: string): readonly RegExp[] => {
    try {
      return wholeNames([text(setting)])
    } catch (error) {
      problem(`${name}.${setting}`, (error as Error).message)
      return []
    }
  }
  const type = text('type')
  if (type !== processor)
    problem(
      `${name}.type`,
      `${type === '' ? 'the class of the post processor is missing' : `${type} cannot be used here`}; the only one is ${processor}`,
    )
  const mode = text('reselect.error.handling.mode').toLowerCase()
  if (!['', 'warn', 'fail'].includes(mode))
    problem(`${name}.reselect.error.handling.mode`, 'Value must be one of fail, warn')
  const include = patterns('reselect.columns.include.list')
  const exclude = patterns('reselect.columns.exclude.list')
  const matches = (list: readonly RegExp[], column: string) => list.some(pattern => pattern.test(column))
  return {
    wanted(schema, table, column) {
      const full = `${schema}.${table}:${column}`
      return include.length > 0 ? matches(include, full) : !matches(exclude, full)
    },
    unavailable: flag('reselect.unavailable.values', true),
    nulls: flag('reselect.null.values', true),
    byEventKey: flag('reselect.use.event.key', false),
    failOnError: mode === 'fail',
  }
}

/** The post processors named in `post.processors`, with what is wrong about them. */
export const readReselects = (names: string | undefined, originals: Readonly<Record<string, string>>): Read => {
  const problems: ConfigProblem[] = []
  const problem = (key: string, what: string) =>
    problems.push({ key, message: `The '${key}' value is invalid: ${what}` })
  const listed = (names ?? '').split(',').map(name => name.trim())
  const reselects = listed.filter(name => name !== '').map(name => one(name, originals, problem))
  return { reselects, problems }
}
