import { ConfigError, DataError, type Schema } from 'millrace'
import { memberOf, requireMap, requireStruct } from './sides.ts'

const tick = '`'

const incomplete = (path: string, at: number): ConfigError =>
  new ConfigError(
    `Incomplete backtick pair in path: [${path}], consider adding a backslash before backtick at position ${at} to escape it`,
  )

/**
 * The steps of a path in Kafka Connect's field syntax V2: names joined by dots; a name with dots stands in backticks, a backtick
 * that is no such quote has a backslash before it. Throws ConfigError for a quote without an end.
 */
export const stepsOf = (path: string): readonly string[] => {
  const steps: string[] = []
  let at = 0
  for (;;) {
    const quoted = path[at] === tick
    const start = at
    if (quoted) at++
    else if (path[at] === '\\' && path[at + 1] === tick) at++
    let step = ''
    for (; ; at++) {
      if (at >= path.length) {
        if (quoted) throw incomplete(path, start)
        break
      }
      const ends = at + 1 >= path.length || path[at + 1] === '.'
      if (quoted && path[at] === tick && ends) {
        if (!step.endsWith('\\')) {
          at++
          break
        }
        step = step.slice(0, -1)
      } else if (!quoted && path[at] === '.') break
      step += path[at]
    }
    steps.push(step)
    if (at >= path.length) return steps
    at++
  }
}

const purpose = 'nested field access'

/** The schema at a path; throws DataError when there is none. */
export const schemaAt = (schema: Schema, path: string, steps: readonly string[]): Schema =>
  steps.reduce((at, step) => {
    if (at.type !== 'STRUCT') throw new DataError('Cannot look up fields on non-struct type')
    const field = at.field(step)
    if (field === undefined) throw new DataError(`Unknown field: ${path}`)
    return field.schema
  }, schema)

/** The value at a path of a struct; null below a null. */
export const valueInStruct = (
  schema: Schema,
  value: unknown,
  steps: readonly string[],
  replaceNull: boolean,
): unknown => {
  let at = value
  let of = schema
  for (const step of steps) {
    if (at === null) return null
    const next = of.field(step)!.schema
    at = memberOf(requireStruct(of, at, purpose), step, next, replaceNull)
    of = next
  }
  return at
}

/** The value at a path of maps without a schema; null where there is none. */
export const valueInMap = (value: unknown, steps: readonly string[]): unknown => {
  let at = value
  for (const step of steps) {
    if (at === null || at === undefined) return null
    const map = requireMap(at, purpose)
    at = Object.hasOwn(map, step) ? map[step] : null
  }
  return at ?? null
}
