import { describe, expect, test } from 'vitest'
import { isConfigError } from '../../../runtime/api/index.ts'
import { javaRegex, javaReplacement, matchesWhole } from '../../../runtime/api/java-regex.ts'

describe('translation', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['a.c', ['abc'], ['ac', 'a\nc', 'xabc', 'abcx']],
    ['(?i)AbC', ['abc', 'ABC'], ['abd']],
    ['(?s)a.c', ['a\nc'], ['ac']],
    ['\\Qa.b*\\E+', ['a.b*', 'a.b**'], ['aXb']],
    ['\\Qa.b', ['a.b'], ['axb']],
    ['\\p{Lower}\\p{Digit}+', ['a12'], ['A1']],
    ['\\P{Alpha}', ['1'], ['a']],
    ['[\\p{Upper}_]+', ['A_B'], ['a']],
    ['\\p{IsAlphabetic}+', ['aé漢'], ['1']],
    ['\\p{IsHan}\\x{1F600}', ['漢😀'], ['a😀']],
    ['a\\sb[\\s_]', ['a b_', 'a\tb\n'], ['a\u00a0b_']],
    ['\\S\\V\\H', ['\u00a0ab'], [' ab', 'a\nb']],
    ['a]b}c{2}', ['a]b}cc'], ['abc']],
    ['[\\Q^-]\\E]+', ['^-]'], ['a']],
    ['[a\\-z\\.]+', ['a-z.'], ['b']],
    ['\\p{L}+', ['aé漢'], ['1']],
    ['\\Aab\\z', ['ab'], ['abx']],
    ['a\\hb', ['a b', 'a\tb'], ['a\nb']],
    ['a\\-b\\_\\@', ['a-b_@'], ['ab']],
    ['[]a]+', [']a'], ['b']],
    ['[^]a]', ['b'], [']', 'a']],
    ['(?<year>\\d{4})-\\k<year>', ['2024-2024'], ['2024-2025']],
    ['a|b', ['a', 'b'], ['ab']],
    ['(?:shop|lab)\\.(?!private\\.).*', ['shop.public.x'], ['shop.private.x']],
    ['a{2,3}?', ['aa', 'aaa'], ['a']],
    ['x\\{y\\}', ['x{y}'], ['xy']],
  ])('%s', (pattern, matching, others) => {
    const match = matchesWhole(pattern)
    for (const text of matching) expect(match(text), text).not.toBeNull()
    for (const text of others) expect(match(text), text).toBeNull()
  })

  test.each([
    ['a++', 'a possessive quantifier'],
    ['a{1,2}+', 'a possessive quantifier'],
    ['(?>a)', 'an atomic group'],
    ['[a-z&&[^b]]', 'an intersection'],
    ['[a[bc]]', 'a class inside a class'],
    ['\\Ga', '\\G'],
    ['a\\R', '\\R'],
    ['[\\P{Lower}]', '\\P{Lower} inside a class'],
    ['[\\S]', '\\S inside a class'],
    ['\\p{Nonsense}', 'Invalid regex'],
    ['a\\', 'a backslash at its end'],
    ['(', 'Invalid regex: Unclosed group near index 1\n('],
    ['a**', "Invalid regex: Dangling meta character '*' near index 2\na**\n  ^"],
    ['[', 'Invalid regex: Unclosed character class near index 0\n[\n^'],
  ])('%s is refused by name', (pattern, name) => {
    try {
      javaRegex(pattern)
    } catch (error) {
      expect(isConfigError(error)).toBe(true)
      expect((error as Error).message).toContain(name)
      expect((error as Error).message).toContain(pattern)
      return
    }
    throw new Error(`${pattern} was taken`)
  })
})

describe('replacement', () => {
  const match = matchesWhole('(?<first>.)(.)(x)?')('ab')!

  test.each([
    ['$2$1', 'ba'],
    ['${first}!', 'a!'],
    ['$3.', '.'],
    ['$10', 'a0'],
    ['\\$1', '$1'],
    ['\\\\', '\\'],
    ['plain', 'plain'],
    ['', ''],
    ['$0', 'ab'],
  ])('%s: %s', (replacement, expected) => expect(javaReplacement(replacement, match)).toBe(expected))

  test.each([
    ['$4', 'No group 4'],
    ['$', 'Illegal group reference'],
    ['$x', 'Illegal group reference'],
    ['${second}', 'No group with name {second}'],
    ['\\', 'character to be escaped is missing'],
  ])('%s fails: %s', (replacement, message) => expect(() => javaReplacement(replacement, match)).toThrow(message))
})
