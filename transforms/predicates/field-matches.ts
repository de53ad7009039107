import { ConfigError, c, Decimal, definePredicate, matchesWhole, regexProblem } from 'millrace'
import { findField, pathSteps } from '../field-path.ts'

type Test = (value: unknown) => boolean

/** The value as the text that `equals`, `in` and `regex` compare; undefined for structs, maps, arrays and bytes. */
const textOf = (value: unknown): string | undefined => {
  if (value === null) return 'null'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Decimal) return value.toString()
  return typeof value === 'object' ? undefined : String(value)
}

const numberForm = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** An exact number, or undefined for what is none. A text counts as the number that is written in it. */
const exactNumber = (value: unknown): Decimal | undefined => {
  if (value instanceof Decimal) return value
  if (value instanceof Date) return new Decimal(BigInt(value.getTime()), 0)
  if (typeof value === 'bigint') return new Decimal(value, 0)
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && numberForm.test(text.trim()) && text.length < 400
    ? Decimal.parse(text.trim())
    : undefined
}

// Numbers further apart than this are not written out to be compared.
const maxScale = 1000

/** Less than 0, 0, or more, as a is less than, equal to or more than b; exact. */
const compare = (a: Decimal, b: Decimal): number => {
  const scale = Math.max(a.scale, b.scale)
  if (scale - Math.min(a.scale, b.scale) > maxScale) return Number(a.toString()) - Number(b.toString())
  const [x, y] = [a.withScale(scale).unscaled, b.withScale(scale).unscaled]
  return x < y ? -1 : x > y ? 1 : 0
}

const equals = (expected: string): Test => {
  const number = exactNumber(expected)
  return value => {
    if (number !== undefined && typeof value !== 'string') {
      const own = exactNumber(value)
      if (own !== undefined) return compare(own, number) === 0
    }
    return textOf(value) === expected
  }
}

const bound = (key: string, limit: string | undefined, holds: (order: number) => boolean): readonly Test[] => {
  if (limit === undefined) return []
  const number = exactNumber(limit)
  if (number === undefined)
    throw new ConfigError(`Invalid value ${limit} for configuration ${key}: it is no number`, { key })
  return [
    value => {
      const own = exactNumber(value)
      return own !== undefined && holds(compare(own, number))
    },
  ]
}

export default definePredicate({
  class: 'millrace.predicates.FieldMatches',
  version: '0.1.0',
  doc: 'True for records with a value at a path that fits: it is there, equals, is one of a list, matches a regular expression, lies between bounds. All conditions that are set must hold; a record without anything at the path does not fit.',
  config: {
    path: c.string(
      'Where the value is: after.customer.name, tags.0 (an item of an array, -1 the last), or with side=header NAME or NAME.field. A dot in a name is written \\.',
      { importance: 'HIGH', nonEmpty: true },
    ),
    side: c.string('Where the path begins.', {
      values: ['value', 'key', 'header'],
      ignoreCase: true,
      default: 'value',
      importance: 'MEDIUM',
    }),
    exists: c.boolean('true: there is something at the path, null included. false: there is nothing.', {
      optional: true,
      importance: 'MEDIUM',
    }),
    equals: c.string('The value as text; numbers compare as numbers, exactly; null is written null.', {
      optional: true,
      importance: 'HIGH',
    }),
    in: c.list('Values of which it is one, each as for equals.', { optional: true, importance: 'MEDIUM' }),
    regex: c.string('A Java regular expression that matches the whole value as text.', {
      optional: true,
      importance: 'MEDIUM',
      check: regexProblem,
    }),
    'greater.than': c.string('The value is a number and more than this.', { optional: true, importance: 'MEDIUM' }),
    'at.least': c.string('The value is a number and no less than this.', { optional: true, importance: 'MEDIUM' }),
    'less.than': c.string('The value is a number and less than this.', { optional: true, importance: 'MEDIUM' }),
    'at.most': c.string('The value is a number and no more than this.', { optional: true, importance: 'MEDIUM' }),
  },
  create(config) {
    const steps = pathSteps(config.path)
    const list = config.in?.map(equals)
    const match = config.regex === undefined ? undefined : matchesWhole(config.regex)
    const tests: readonly Test[] = [
      ...(config.equals === undefined ? [] : [equals(config.equals)]),
      ...(list === undefined ? [] : [(value: unknown) => list.some(one => one(value))]),
      ...(match === undefined
        ? []
        : [
            (value: unknown) => {
              const text = value === null ? undefined : textOf(value)
              return text !== undefined && match(text) !== null
            },
          ]),
      ...bound('greater.than', config.greaterThan, order => order > 0),
      ...bound('at.least', config.atLeast, order => order >= 0),
      ...bound('less.than', config.lessThan, order => order < 0),
      ...bound('at.most', config.atMost, order => order <= 0),
    ]
    if (config.exists === undefined && tests.length === 0)
      throw new ConfigError(
        'Set what the value must be: exists, equals, in, regex, greater.than, at.least, less.than or at.most',
        {
          key: 'path',
        },
      )
    if (config.exists === false && tests.length > 0)
      throw new ConfigError('exists=false goes with no other condition: what is not there has no value', {
        key: 'exists',
      })
    return {
      test(record) {
        const found = findField(record, config.side, steps)
        if (config.exists === false) return found === undefined
        if (found === undefined) return false
        for (const test of tests) if (!test(found.value)) return false
        return true
      },
    }
  },
})
