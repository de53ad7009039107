import { Writable } from 'node:stream'
import { pino } from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { errorText, levels, logger, logTo, redact } from '../../../runtime/telemetry/log.ts'

const lines: Record<string, unknown>[] = []
beforeEach(() => {
  lines.length = 0
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  logTo(pino({ level: 'trace', base: null }, sink))
})

test('a line carries its logger, its bindings and its details', () => {
  logger('test.one', { connector: 'c', task: 0 }).info('hello', { count: 3n })
  expect(lines).toEqual([
    expect.objectContaining({ logger: 'test.one', connector: 'c', task: 0, count: '3', msg: 'hello' }),
  ])
})

test('a level counts from the moment it is set', () => {
  const log = logger('test.two')
  log.debug('no')
  levels.set('test.two', 'DEBUG', 1)
  log.debug('yes')
  levels.set('test.two', 'OFF', 2)
  log.error('no')
  expect(lines.map(line => line['msg'])).toEqual(['yes'])
})

test('what looks like a secret is hidden, at any depth (invariant 10)', () => {
  const hidden = JSON.stringify(
    redact({
      password: 'hunter2',
      deep: { 'ssl.key.password': 'hunter2', list: [1] },
      saslJaasConfig: 'hunter2',
      user: 'me',
    }),
  )
  expect(hidden).not.toContain('hunter2')
  expect(hidden).toContain('"user":"me"')
})

test('an error is its stack and those of its causes', () => {
  const text = errorText(new Error('outer', { cause: new TypeError('inner', { cause: 'a text' }) }))
  expect(text).toMatch(/^Error: outer\n[\s\S]*\nCaused by: TypeError: inner\n[\s\S]*\nCaused by: a text$/)
  const round = new Error('round')
  round.cause = round
  expect(errorText(round).match(/Caused by/g)?.length).toBeLessThan(12)
})
