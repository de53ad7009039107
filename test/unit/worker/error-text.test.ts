import { describe, expect, it } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { hidingLog, Secrets, traceOf } from '../../../runtime/worker/error-text.ts'
import { recordingLog } from '../../support/fakes/log.ts'

describe('secrets', () => {
  const spec = { 'api.code': c.password('Code.', { aliases: ['code'] }), url: c.string('Address.') }
  const props = { 'db.password': 'hunter2', url: 'pg://hunter2@h', name: 'n', code: 'xyz', token: 'ab' }
  const secrets = new Secrets(props, ['pg://hunter2@h'])
  secrets.declare(spec, props)

  it('are what keys, declarations and config providers say, the longest first', () => {
    expect(secrets.toJSON()).toEqual(['pg://hunter2@h', 'hunter2', 'xyz'])
  })

  it('are hidden in traces, causes included', () => {
    const trace = traceOf(new Error('cannot connect', { cause: new Error('bad login hunter2') }), secrets)
    expect(trace).toContain('Caused by: Error: bad login [hidden]')
    expect(trace).not.toContain('hunter2')
    expect(secrets.hide('xyz')).toBe('[hidden]')
  })

  it('are hidden in what a plugin logs', () => {
    const log = recordingLog()
    hidingLog(log, secrets).error('login hunter2', { error: new Error('hunter2'), url: 'pg://hunter2@h', count: 3 })
    expect(JSON.stringify(log.lines)).not.toContain('hunter2')
    expect(log.lines[0]).toMatchObject({ message: 'login [hidden]', details: { url: '[hidden]', count: 3 } })
  })
})
