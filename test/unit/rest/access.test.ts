import { afterEach, describe, expect, test } from 'vitest'
import { neededRole } from '../../../runtime/rest/access.ts'
import type { Credentials, Role } from '../../../runtime/rest/credentials.ts'
import { restServers } from '../../support/fakes/rest-server.ts'
import { until } from '../../support/fakes/wait.ts'

const { log, start, stop } = restServers()
afterEach(stop)

const roles: readonly string[] = ['read', 'operate', 'admin']
/** The token, or the user, is the role; the password is pw. */
const credentials: Credentials = {
  user: (name, password) =>
    password === 'pw' ? { name, role: roles.includes(name) ? (name as Role) : undefined } : undefined,
  token: token => (roles.includes(token) ? { name: `a ${token}er`, role: token as Role } : undefined),
}

const status = async (url: string, method: string, path: string, authorization?: string) => {
  const answer = await fetch(url + path, { method, headers: authorization === undefined ? {} : { authorization } })
  await answer.arrayBuffer()
  return answer.status
}

const herder = {
  setTarget: async () => {},
  remove: async () => {},
  info: () => ({ name: 'c', config: { a: 'b' }, tasks: [], type: 'sink' as const }),
}

test.each([
  ['read', [200, 403, 403]],
  ['operate', [200, 202, 403]],
  ['admin', [200, 202, 204]],
] as const)('the role %s: read, pause, delete', async (role, statuses) => {
  const { url } = await start(herder, { credentials })
  for (const authorization of [`Bearer ${role}`, `bearer ${role}`, `Basic ${btoa(`${role}:pw`)}`])
    expect([
      await status(url, 'GET', '/connectors/c', authorization),
      await status(url, 'PUT', '/connectors/c/pause', authorization),
      await status(url, 'DELETE', '/connectors/c', authorization),
    ]).toEqual(statuses)
})

test('what a role lacks is named', async () => {
  const { url } = await start(herder, { credentials })
  const answer = await fetch(`${url}/connectors/c`, { method: 'DELETE', headers: { authorization: 'Bearer read' } })
  expect(await answer.json()).toEqual({
    error_code: 403,
    message: 'User a reader needs the role admin for this',
    code: 'FORBIDDEN',
    hint: 'The role of the caller is read',
  })
})

test('no way in: without credentials, with wrong ones, in any spelling of a path, on any listener', async () => {
  const { url } = await start(herder, { credentials })
  for (const path of [
    '/',
    '/connectors',
    '/connectors/',
    '/connectors/c/',
    '/health',
    '/admin/loggers',
    '/openapi.json',
  ])
    for (const authorization of [
      undefined,
      '',
      'Basic',
      'Basic ',
      `Basic ${btoa('admin')}`,
      `Basic ${btoa('admin:PW')}`,
      `Basic ${btoa(':pw')}`,
      'Bearer ',
      'Bearer x',
      'Digest admin',
      'admin',
    ])
      expect([path, authorization, await status(url, 'GET', path, authorization)]).toEqual([path, authorization, 401])
  expect(await status(url, 'HEAD', '/connectors')).toBe(401)
  expect(await status(url, 'OPTIONS', '/connectors')).toBe(401)
  expect(await status(url, 'GET', '/nope')).toBe(404)
  expect(await status(url, 'POST', '/health')).toBe(405)
  expect(await status(url, 'GET', '/connectors', `Basic ${btoa('nobody:pw')}`)).toBe(403)
})

test('a change is logged with who asked, a refusal too', async () => {
  const { url } = await start(herder, { credentials })
  await status(url, 'DELETE', '/connectors/c', 'Bearer admin')
  await status(url, 'DELETE', '/connectors/c', 'Bearer read')
  await status(url, 'GET', '/connectors', 'Bearer wrong')
  await until(() => log.lines.filter(({ level }) => level === 'info').length >= 3, 'the lines')
  const seen = log.lines.filter(({ level }) => level === 'info')
  expect(seen).toMatchObject([
    { message: 'DELETE /connectors/c', details: { status: 204, user: 'a adminer', from: '127.0.0.1' } },
    { message: 'DELETE /connectors/c', details: { status: 403, user: 'a reader' } },
    { message: 'GET /connectors', details: { status: 401 } },
  ])
  expect(JSON.stringify(log.lines)).not.toContain('wrong')
})

describe('neededRole', () => {
  test.each([
    ['GET', '/connectors/:connector/config', 'read'],
    ['PUT', '/connectors/:connector/stop', 'operate'],
    ['POST', '/connectors/:connector/tasks/:task/restart', 'operate'],
    ['PUT', '/connectors/:connector/topics/reset', 'operate'],
    ['PUT', '/connector-plugins/:plugin/config/validate', 'admin'],
    ['PATCH', '/connectors/:connector/offsets', 'admin'],
    ['PUT', '/admin/loggers/:logger', 'admin'],
  ])('%s %s: %s', (method, route, role) => expect(neededRole(method, route)).toBe(role))
})
