import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../../runtime/api/errors.ts'
import { deferred } from '../../../runtime/base/deferred.ts'
import { CodedError } from '../../../runtime/base/errors.ts'
import { levels } from '../../../runtime/telemetry/log.ts'
import { restServers } from '../../support/fakes/rest-server.ts'
import { until } from '../../support/fakes/wait.ts'

const { log, start, stop } = restServers()
afterEach(stop)

const json = async (answer: Response) => ({
  status: answer.status,
  body: answer.status === 204 ? undefined : await answer.json(),
})

test('what changes something is logged, what asks is not; a query is left out', async () => {
  const { url } = await start({ remove: async () => {} })
  await fetch(`${url}/connectors`)
  await fetch(`${url}/connectors/a%20b?token=sesame`, { method: 'DELETE' })
  await fetch(`${url}/connectors`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x' })
  await fetch(`${url}/connector-plugins/none/config/validate`, { method: 'PUT', body: '{}' })
  await until(() => log.lines.filter(({ level }) => level === 'info').length >= 2, 'both lines')
  expect(log.lines.filter(({ level }) => level === 'info')).toEqual([
    {
      level: 'info',
      message: 'DELETE /connectors/a%20b',
      details: { status: 204, ms: expect.any(Number), from: '127.0.0.1' },
    },
    { level: 'info', message: 'POST /connectors', details: { status: 500, ms: expect.any(Number), from: '127.0.0.1' } },
  ])
})

describe('listeners', () => {
  test('a free port, and the id that others know the worker by', async () => {
    const { url, workerId } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    expect(workerId).toBe(url.slice('http://'.length))
    expect(await json(await fetch(url))).toEqual({
      status: 200,
      body: { version: '1.2.3', commit: 'unknown', kafka_cluster_id: 'cluster' },
    })
    const advertised = await start({}, { advertisedHost: 'me.example', advertisedPort: 80 })
    expect(advertised.workerId).toBe('me.example:80')
  })

  test('all addresses when none is named', async () => {
    const { url } = await start({}, { listeners: ['http://:0'] })
    expect(url).toMatch(/^http:\/\/localhost:/)
    expect((await fetch(url.replace('localhost', '127.0.0.1'))).status).toBe(200)
  })

  test.each([
    [[], 'listeners is empty'],
    [['ftp://x:1'], 'Invalid value ftp://x:1 for configuration listeners'],
    [['http://x'], 'Invalid value http://x'],
    [['http://x:70000'], 'Invalid value http://x:70000'],
    [['https://127.0.0.1:0'], 'An https listener needs its certificate'],
  ])('%j cannot work', async (listeners, message) => {
    await expect(start({}, { listeners })).rejects.toThrow(message)
  })

  test('a port in use is named, and nothing is left listening', async () => {
    const { url } = await start()
    const taken = url.replace('http', 'http')
    const second = start({}, { listeners: ['http://127.0.0.1:0', taken] })
    await expect(second).rejects.toThrow(/Cannot listen at .*EADDRINUSE.*name another port in listeners/)
  })

  test('https with a PEM file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    try {
      const [key, cert] = [join(folder, 'k.pem'), join(folder, 'c.pem')]
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-days',
          '1',
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-keyout',
          key,
          '-out',
          cert,
        ],
        { stdio: 'ignore' },
      )
      const store = join(folder, 'both.pem')
      writeFileSync(store, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'))
      const { url } = await start(
        {},
        {
          listeners: ['https://127.0.0.1:0'],
          props: {
            'ssl.keystore.type': 'JKS',
            'listeners.https.ssl.keystore.type': 'PEM',
            'ssl.keystore.location': store,
          },
        },
      )
      expect(url).toMatch(/^https:/)
      const agent = new Agent({ ca: readFileSync(cert) })
      const status = await new Promise((resolve, reject) =>
        httpsRequest(url, { agent }, answer => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end(),
      )
      expect(status).toBe(200)
      agent.destroy()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('errors', () => {
  test('of the table keep status and text, and say more', async () => {
    const { url } = await start({
      info: () => {
        throw new CodedError('CONNECTOR_NOT_FOUND', { connector: 'x' }, { hint: 'look', configKey: 'name' })
      },
    })
    expect(await json(await fetch(`${url}/connectors/x`))).toEqual({
      status: 404,
      body: {
        error_code: 404,
        message: 'Connector x not found',
        code: 'CONNECTOR_NOT_FOUND',
        hint: 'look',
        config_key: 'name',
      },
    })
  })

  test('nobody expected are 500, and in the log', async () => {
    const { url } = await start({
      info: () => {
        throw new ConfigError('odd', { key: 'k' })
      },
    })
    expect(await json(await fetch(`${url}/connectors/x`))).toEqual({
      status: 500,
      body: { error_code: 500, message: 'odd', code: 'INTERNAL', config_key: 'k' },
    })
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'A request failed' }))
  })

  test('a body that is too large is refused', async () => {
    const { url } = await start()
    const answer = await fetch(`${url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(9 * 1024 * 1024),
    })
    expect(answer.status).toBe(413)
  })
})

test('a request that takes too long is answered; others are not held up', async () => {
  const never = deferred<never>()
  const { url } = await start({ remove: () => never.promise }, { requestTimeoutMs: 50 })
  expect(await json(await fetch(`${url}/connectors/x`, { method: 'DELETE' }))).toMatchObject({
    status: 500,
    body: { error_code: 500, message: 'Request timed out' },
  })
})

test('health says whether the worker has started', async () => {
  let ready = false
  const { url } = await start({ isReady: () => ready })
  expect(await json(await fetch(`${url}/health`))).toEqual({
    status: 503,
    body: { status: 'starting', message: 'Worker is still starting up.' },
  })
  ready = true
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

test('connectors whose names hold what URLs are made of can be addressed', async () => {
  const names: string[] = []
  const { url } = await start({
    remove: async name => void names.push(name),
    create: async (name, config) => ({ name, config, tasks: [], type: 'sink' }),
  })
  for (const name of ['a/b', 'a%b', 'a b', 'ü€', 'a+b', 'a?b#c', 'a\\b'])
    expect((await fetch(`${url}/connectors/${encodeURIComponent(name)}`, { method: 'DELETE' })).status).toBe(204)
  expect(names).toEqual(['a/b', 'a%b', 'a b', 'ü€', 'a+b', 'a?b#c', 'a\\b'])
  const created = await fetch(`${url}/connectors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"a b/ü","config":{}}',
  })
  expect(created.headers.get('location')).toBe(`${url}/connectors/a%20b/%C3%BC`)
})

describe('numbers', () => {
  test('of a configuration keep their spelling', async () => {
    let got: unknown
    const { url } = await start({
      put: async (name, config) => {
        got = config
        return { created: true, info: { name, config, tasks: [], type: 'sink' } }
      },
    })
    await fetch(`${url}/connectors/x/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"a": 1.10, "b": 12345678901234567890, "c": 1e3, "d": true, "e": null, "f": "x"}',
    })
    expect(got).toEqual({ a: '1.10', b: '12345678901234567890', c: '1e3', d: 'true', e: null, f: 'x' })
  })

  test('of offsets are exact both ways', async () => {
    let got: unknown
    const offset = { lsn: 9223372036854775807n, n: 5 }
    const { url } = await start({
      offsets: async () => [{ partition: { p: 'x' }, offset }],
      alterOffsets: async (_name, list) => {
        got = list
        return 'done'
      },
    })
    const text = await (await fetch(`${url}/connectors/x/offsets`)).text()
    expect(text).toBe('{"offsets":[{"partition":{"p":"x"},"offset":{"lsn":9223372036854775807,"n":5}}]}')
    await fetch(`${url}/connectors/x/offsets`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: text,
    })
    expect(got).toEqual([{ partition: { p: 'x' }, offset }])
  })
})

describe('headers', () => {
  test('of response.http.headers.config go on every answer, errors too', async () => {
    const { url } = await start(
      {},
      {
        responseHeaders: 'set X-Frame-Options: DENY, "add Cache-Control: no-cache, no-store", setDate Expires: 3600000',
      },
    )
    for (const path of ['/', '/nope']) {
      const { headers } = await fetch(url + path)
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cache-control')).toBe('no-cache, no-store')
      const ahead = Date.parse(headers.get('expires')!) - Date.now()
      expect(ahead).toBeGreaterThan(3_500_000)
      expect(ahead).toBeLessThanOrEqual(3_600_000)
    }
    await expect(start({}, { responseHeaders: 'setDate Expires: soon' })).rejects.toThrow('milliseconds')
    await expect(start({}, { responseHeaders: 'put X: y' })).rejects.toThrow('response.http.headers.config')
  })

  test('let browsers of allowed origins in, and no others', async () => {
    const { url } = await start({}, { allowOrigin: 'http://a.example, http://b.example', allowMethods: 'GET,PUT' })
    const from = (origin: string, init: RequestInit = {}) =>
      fetch(`${url}/connectors`, { ...init, headers: { origin, ...init.headers } })
    expect((await from('http://b.example')).headers.get('access-control-allow-origin')).toBe('http://b.example')
    expect((await from('http://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    const asked = await from('http://a.example', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'PUT' },
    })
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET,PUT')
  })
})

test("levels are the whole process's, and listeners of their own serve them alone", async () => {
  const admin = await start({}, { adminListeners: [] })
  expect((await fetch(`${admin.url}/admin/loggers`)).status).toBe(404)
  const { url } = await start()
  const set = await fetch(`${url}/admin/loggers/of.this.test`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"level": " debug "}',
  })
  expect(await set.json()).toEqual(['of.this.test'])
  expect(levels.effective('of.this.test.inner')).toBe('DEBUG')
})

test('metrics are text, whatever is accepted', async () => {
  const { url } = await start({}, { metrics: async () => 'x 1\n' })
  const answer = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain' } })
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await answer.text()).toBe('x 1\n')
})
