import { describe, expect, it } from 'vitest'
import { parseJaas } from '../../../../runtime/kafka/connection/jaas.ts'

describe('sasl.jaas.config', () => {
  it.each([
    [
      'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="a b;=\'";',
      { username: 'alice', password: "a b;='" },
    ],
    [`Module required username='al"ice' password=bare ;`, { username: 'al"ice', password: 'bare' }],
    ['Module REQUIRED password="with \\"quotes\\" and \\\\";', { password: 'with "quotes" and \\' }],
    ['// note\nModule /* why */ required\n  a="1"\n  b="";', { a: '1', b: '' }],
    ['Module required;', {}],
  ])('%s', (text, options) => {
    expect(parseJaas(text).options).toEqual(options)
  })

  it.each([
    ['Module', /control flag is missing/],
    ['Module maybe a="1";', /control flag is not valid/],
    ['Module required a="1"', /semicolon/],
    ['Module required a="1', /quote is not closed/],
    ['Module required a "hunter2";', /option 1 is not name="value"/],
    ['Module required a="1"; Other required;', /one login module/],
  ])('%s is refused without its text in the message', (text, message) => {
    expect(() => parseJaas(text)).toThrow(message)
    expect(() => parseJaas(text)).not.toThrow(/hunter2/)
  })
})
