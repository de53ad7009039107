import { ConfigError } from 'millrace'
import { describe, expect, it } from 'vitest'
import { refuse, refused } from '../../../../connectors/s3/refusals.ts'

const wrong = (key: string, message: string) => () => {
  throw new ConfigError(message, { key })
}

describe('settings that do not go together', () => {
  it('are named in the message, each once', () => {
    const problems = refused(
      [
        [true, 'a', 'Use 1'],
        [false, 'b', 'Use 2'],
      ],
      [wrong('a', 'Use 3'), wrong('c', 'Use 4'), () => 'made'],
    )
    expect(problems).toEqual([
      { key: 'a', message: 'a: Use 1' },
      { key: 'c', message: 'c: Use 4' },
    ])
    expect(() => refuse(problems)).toThrow(new ConfigError('a: Use 1', { key: 'a' }))
    expect(() => refuse([])).not.toThrow()
  })

  it('do not hide other failures', () => {
    const bug = () => {
      throw new TypeError('a bug')
    }
    expect(() => refused([], [bug])).toThrow(TypeError)
  })
})
