import { expect, test } from 'vitest'
import {
  ConfigError,
  ConnectError,
  DataError,
  isConfigError,
  isDataError,
  isRetriable,
  RetriableError,
} from '../../../runtime/api/index.ts'

test('errors are told apart, each by its own test', () => {
  const tests = [isRetriable, isDataError, isConfigError]
  const told = (error: unknown) => tests.map(is => is(error))
  expect(told(new RetriableError('x'))).toEqual([true, false, false])
  expect(told(new DataError('x'))).toEqual([false, true, false])
  expect(told(new ConfigError('x'))).toEqual([false, false, true])
  for (const other of [new ConnectError('x'), new Error('x'), null, undefined, 'x', {}])
    expect(told(other)).toEqual([false, false, false])
})

test('an error from another copy of the package counts too', () => {
  const theirs = Object.assign(new Error('x'), { [Symbol.for('millrace.RetriableError')]: true })
  expect(isRetriable(theirs)).toBe(true)
})

test('errors keep their cause, name and hints', () => {
  const cause = new Error('cause')
  expect(new RetriableError('x', { cause, retryAfterMs: 5 })).toMatchObject({
    name: 'RetriableError',
    cause,
    retryAfterMs: 5,
  })
  expect(new ConfigError('x', { cause, key: 'a.b' })).toMatchObject({ name: 'ConfigError', cause, key: 'a.b' })
  expect(new DataError('x')).toBeInstanceOf(ConnectError)
  expect(new RetriableError('x').retryAfterMs).toBeUndefined()
})
