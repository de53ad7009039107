import { expect, it } from 'vitest'
import { errorSettings } from '../../../runtime/worker/error-settings.ts'

it('reads what to do about records that fail', () => {
  expect(errorSettings({})).toEqual({
    tolerateAll: false,
    retryTimeoutMs: 0,
    retryDelayMaxMs: 60_000,
    logErrors: false,
    logRecords: false,
    deadLetters: undefined,
  })
  expect(
    errorSettings({
      'errors.tolerance': 'ALL',
      'errors.retry.timeout': '-1',
      'errors.deadletterqueue.topic.name': ' dlq ',
      'errors.deadletterqueue.context.headers.enable': 'true',
      'errors.deadletterqueue.topic.replication.factor': '1',
    }),
  ).toMatchObject({
    tolerateAll: true,
    retryTimeoutMs: -1,
    deadLetters: { topic: 'dlq', replicationFactor: 1, contextHeaders: true },
  })
  expect(() => errorSettings({ 'errors.tolerance': 'some' })).toThrow('errors.tolerance')
})
