import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isConfigError } from '../../../runtime/api/index.ts'
import { javaDateFormat } from '../../../runtime/api/java-date-format.ts'
import { matchesWhole } from '../../../runtime/api/java-regex.ts'

/**
 * What java.util.regex and SimpleDateFormat (Java 17, UTC, en-US) did: `matches` has a pattern and those of `texts` that it
 * matches whole (null: it is none), `dates` a format and its text for each of `times` (or `!` and the message).
 */
const java = JSON.parse(readFileSync(new URL('../../golden/smt/java-patterns.json', import.meta.url), 'utf8')) as {
  readonly texts: readonly string[]
  readonly matches: readonly (readonly [string, readonly string[] | null])[]
  readonly times: readonly number[]
  readonly dates: readonly (readonly [string, readonly string[] | string])[]
}

/** What Java has and we refuse. Whatever is not here matches the same. */
const refused = [
  ['[a-c&&b]', '[&&b]'],
  ['a++b', 'a?+b', 'a{1,2}+', '(?>a)b'],
  ['[[a]b]'],
  ['\\R', '\\e', '\\X', '\\0101'],
  ['(?x) a b # c', '(?d)a', '(?-i)a', '(?i)É'],
  ['\\p{javaLowerCase}', '\\p{InGreek}'],
].flat()

describe('a regular expression', () => {
  test.each(java.matches)('%s matches what it matches in Java, or is refused by name', (pattern, expected) => {
    if (expected !== null && !refused.includes(pattern)) {
      const match = matchesWhole(pattern)
      expect(java.texts.filter(text => match(text) !== null)).toEqual(expected)
      return
    }
    let error: unknown
    try {
      matchesWhole(pattern)
    } catch (thrown) {
      error = thrown
    }
    expect(isConfigError(error)).toBe(true)
    expect((error as Error).message).toContain(pattern)
  })

  test('that is refused is one of Java, else the list is stale', () => {
    const known = java.matches.filter(([, matched]) => matched !== null).map(([pattern]) => pattern)
    expect(refused.filter(pattern => !known.includes(pattern))).toEqual([])
  })
})

test.each(java.dates)('the date format %s', (pattern, expected) => {
  if (typeof expected === 'string') expect(() => javaDateFormat(pattern)).toThrow(expected.slice(1))
  else {
    const format = javaDateFormat(pattern)
    expect(java.times.map(time => format(new Date(time)))).toEqual(expected)
  }
})
