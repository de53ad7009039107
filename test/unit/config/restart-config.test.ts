import { expect, test } from 'vitest'
import { ConfigError } from '../../../runtime/api/errors.ts'
import { restartSettings } from '../../../runtime/config/restart-config.ts'

test('nothing is restarted by itself unless it is said how often', () => {
  expect(restartSettings({ 'errors.tolerance': 'all' })).toBeUndefined()
  expect(restartSettings({ 'errors.restart.delay.ms': '5' })).toBeUndefined()
  expect(restartSettings({ 'errors.restart.max': '0' })).toBeUndefined()
  expect(restartSettings({ 'errors.restart.max': '3', 'errors.restart.delay.ms': '5' })).toEqual({
    max: 3,
    windowMs: 3_600_000,
    delayMs: 5,
    maxDelayMs: 300_000,
  })
  expect(restartSettings({ 'errors.restart.max': '-1' })?.max).toBe(Number.POSITIVE_INFINITY)
})

test('what is no number is refused with its key', () => {
  expect(() => restartSettings({ 'errors.restart.max': 'often' })).toThrow(ConfigError)
  expect(() => restartSettings({ 'errors.restart.max': '-2' })).toThrow('errors.restart.max')
})
