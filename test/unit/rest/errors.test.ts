import { afterEach, describe, expect, test } from 'vitest'
import { takesJson } from '../../../runtime/rest/errors.ts'
import { restServers } from '../../support/fakes/rest-server.ts'

const { start, stop } = restServers()
afterEach(stop)

test.each([
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['application/*', true],
  ['text/html,application/xhtml+xml,*/*;q=0.8', true],
  ['text/html', false],
  ['text/html, application/json;q=0', false],
  ['application/jsonp', false],
])('accept %s: %s', (accept, takes) => {
  expect(takesJson(accept)).toBe(takes)
})

test.each([
  ['GET', '/nope', {}, 404, { code: 'NOT_FOUND' }],
  ['DELETE', '/health', {}, 405, { code: 'METHOD_NOT_ALLOWED', hint: 'This path takes HEAD, GET, OPTIONS' }],
  ['GET', '/', { accept: 'text/html' }, 406, { code: 'NOT_ACCEPTABLE' }],
  [
    'POST',
    '/connectors',
    { 'content-type': 'text/plain' },
    415,
    { code: 'UNSUPPORTED_MEDIA_TYPE', hint: 'Send Content-Type: application/json' },
  ],
] as const)('%s %s %j: %i with a code', async (method, path, headers, status, more) => {
  const { url } = await start()
  const answer = await fetch(url + path, { method, headers, ...(method === 'POST' && { body: '{}' }) })
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ error_code: status, ...more })
})

test.each(['DELETE', 'QUERY'])('%s where it is not served: 405 that says what is, in a hint alone', async method => {
  const { url } = await start()
  const answer = await fetch(`${url}/health`, { method })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('allow')).toBeNull()
  expect(await answer.json()).toMatchObject({ hint: 'This path takes HEAD, GET, OPTIONS' })
})

describe('a content type for no body', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each([
    ['PUT', '/connectors/c/pause', '', 202],
    ['POST', '/connectors/c/tasks/0/restart', '', 204],
    ['POST', '/connectors', '', 415],
    ['PUT', '/connectors/c/pause', 'a=b', 415],
  ])('%s %s with the body "%s": %i', async (method, path, body, status) => {
    const { url } = await start({ setTarget: async () => {}, restartTask: async () => {} })
    expect((await fetch(url + path, { method, headers: form, body })).status).toBe(status)
  })
})
