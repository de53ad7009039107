import { describe, expect, it } from 'vitest'
import { hideSecrets, hidingLog, secretsOf, traceOf } from '../../../runtime/worker/error-text.ts'
import { recordingLog } from '../../support/fakes/log.ts'

describe('secrets', () => {
  const raw = { 'db.password': 'hunter2', url: '${file:x:url}', name: 'n', 'api.code': 'xyz' }
  const secrets = secretsOf(raw, { ...raw, url: 'pg://hunter2@h' }, ['api.code'])

  it('are what keys, declarations and config providers say', () => {
    expect(secrets).toEqual(['pg://hunter2@h', 'hunter2', 'xyz'])
  })

  it('are hidden in traces, causes included', () => {
    const trace = traceOf(new Error('cannot connect', { cause: new Error('bad login hunter2') }), secrets)
    expect(trace).toContain('Caused by: Error: bad login [hidden]')
    expect(trace).not.toContain('hunter2')
    expect(hideSecrets('xyz', secrets)).toBe('[hidden]')
  })

  it('are hidden in what a plugin logs', () => {
    const log = recordingLog()
    hidingLog(log, secrets).error('login hunter2', { error: new Error('hunter2'), url: 'pg://hunter2@h', count: 3 })
    expect(JSON.stringify(log.lines)).not.toContain('hunter2')
    expect(log.lines[0]).toMatchObject({ message: 'login [hidden]', details: { url: '[hidden]', count: 3 } })
  })
})
