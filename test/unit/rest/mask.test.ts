import { afterEach, expect, test } from 'vitest'
import type { ConfigKeyInfo } from '../../../runtime/herder/entities.ts'
import type { Herder } from '../../../runtime/herder/herder.ts'
import type { Credentials } from '../../../runtime/rest/credentials.ts'
import type { ConnectorProps } from '../../../runtime/stores/ports.ts'
import { restServers } from '../../support/fakes/rest-server.ts'

const { start, stop } = restServers()
afterEach(stop)

const stored: ConnectorProps = {
  'connector.class': 'Db',
  'db.pin': '1234',
  'db.password': 'hunter2',
  'db.password.of.vault': ['$', '{vault:db:password}'].join(''),
  'transforms.t.type': 'Sign',
  'transforms.t.pepper': 'grains',
  url: 'redis://me:hunter3@host',
  table: 'orders',
}
const shown = {
  ...stored,
  'db.pin': '[hidden]',
  'db.password': '[hidden]',
  'transforms.t.pepper': '[hidden]',
  url: '[hidden]',
}
const declared: Readonly<Record<string, readonly string[]>> = { Db: ['db.pin'], Sign: ['pepper'] }

const writes: ConnectorProps[] = []
const info = { name: 'c', config: stored, tasks: [], type: 'source' as const }
const herder: Partial<Herder> = {
  connectors: () => ['c'],
  info: () => info,
  tasks: () => [
    { id: { connector: 'c', task: 0 }, config: { 'db.password': 'hunter2', work: '{"pin":"1234"}', table: 'orders' } },
  ],
  pluginConfig: async name => (declared[name] ?? []).map(key => ({ name: key, type: 'PASSWORD' }) as ConfigKeyInfo),
  put: async (_, props) => {
    writes.push(props)
    return { created: false, info }
  },
  patch: async (_, props) => {
    writes.push(props)
    return info
  },
  create: async (_, props) => {
    writes.push(props)
    return info
  },
}
const credentials: Credentials = { user: () => undefined, token: role => ({ name: 'x', role: role as 'read' }) }
const ask = async (url: string, path: string, init: RequestInit = {}, role = 'admin'): Promise<unknown> => {
  const headers = { authorization: `Bearer ${role}`, 'content-type': 'application/json' }
  return (await fetch(url + path, { ...init, headers })).json()
}

test('with rest.mask.secrets nobody is shown a secret, wherever a configuration is shown', async () => {
  const { url } = await start(herder, { maskSecrets: true })
  expect(await ask(url, '/connectors/c/config')).toEqual(shown)
  expect(await ask(url, '/connectors/c')).toMatchObject({ config: shown })
  expect(await ask(url, '/connectors?expand=info')).toMatchObject({ c: { info: { config: shown } } })
  expect(await ask(url, '/connectors/c/tasks')).toEqual([
    {
      id: { connector: 'c', task: 0 },
      config: { 'db.password': '[hidden]', work: '{"pin":"[hidden]"}', table: 'orders' },
    },
  ])
  const body = JSON.stringify(stored)
  expect(await ask(url, '/connectors/c/config', { method: 'PUT', body })).toMatchObject({ config: shown })
  expect(await ask(url, '/connectors/c/config', { method: 'PATCH', body: '{}' })).toMatchObject({ config: shown })
  expect(await ask(url, '/connectors', { method: 'POST', body: '{"name":"c","config":{}}' })).toMatchObject({
    config: shown,
  })
})

test('what is read, changed and written back keeps its secrets', async () => {
  const { url } = await start(herder, { maskSecrets: true })
  writes.length = 0
  await ask(url, '/connectors/c/config', {
    method: 'PUT',
    body: JSON.stringify({ ...shown, table: 'lines', 'db.pin': '9' }),
  })
  await ask(url, '/connectors/c/config', { method: 'PATCH', body: JSON.stringify({ 'db.pin': '[hidden]' }) })
  expect(writes).toEqual([{ ...stored, table: 'lines', 'db.pin': '9' }, { 'db.pin': '1234' }])
})

test('a mask that stands for nothing is refused', async () => {
  const { url } = await start(herder, { maskSecrets: true })
  writes.length = 0
  const body = JSON.stringify({ name: 'new', config: { 'db.password': '[hidden]' } })
  expect(await ask(url, '/connectors', { method: 'POST', body })).toMatchObject({
    error_code: 400,
    config_key: 'db.password',
  })
  expect(writes).toEqual([])
})

test('without it, who may write reads what is stored, who may not does not', async () => {
  const { url } = await start(herder, { credentials })
  expect(await ask(url, '/connectors/c/config')).toEqual(stored)
  for (const role of ['read', 'operate']) {
    expect(await ask(url, '/connectors/c/config', {}, role)).toEqual(shown)
    expect(JSON.stringify(await ask(url, '/connectors/c/tasks', {}, role))).not.toMatch(/hunter2|1234/)
  }
})
