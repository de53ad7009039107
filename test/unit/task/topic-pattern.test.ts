import { describe, expect, it } from 'vitest'
import { topicPattern } from '../../../runtime/task/topic-pattern.ts'

describe('topicPattern', () => {
  it.each([
    ['orders.*', 'orders-1', true],
    ['orders', 'orders-1', false],
    ['a|b', 'ab', false],
    ['(?i)Orders', 'oRDERS', true],
    ['shop\\.(orders|items)', 'shop.items', true],
    ['x[a-c&]+', 'xab', true],
    ['a\\++', 'a++', true],
  ])('%s on %s', (source, topic, expected) => {
    expect(topicPattern('topics.regex', source).test(topic)).toBe(expected)
  })

  it.each(['\\Qa.b\\E', 'a++', 'a*+', '(?s).*', '(?>a)', '[a-z&&[^x]]', '(', '\\p{Alpha}'])('refuses %s', source => {
    expect(() => topicPattern('topics.regex', source)).toThrow('for configuration topics.regex')
  })
})
