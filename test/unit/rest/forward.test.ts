import { afterEach, expect, test } from 'vitest'
import { ElsewhereError } from '../../../runtime/herder/elsewhere.ts'
import type { Herder } from '../../../runtime/herder/herder.ts'
import { type RestServer, startRest } from '../../../runtime/rest/server.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const servers: RestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()))
})

const serve = async (herder: Partial<Herder>): Promise<RestServer> => {
  const log = recordingLog()
  const listeners = ['http://127.0.0.1:0']
  const server = await startRest({ herder: herder as Herder, listeners, version: '1', log })
  servers.push(server)
  return server
}
const send = async (url: string, method: string, body?: string) => {
  const answer = await fetch(url, {
    method,
    ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
  })
  return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() }
}

test('a request goes to the leader and from there to the owner, no further', async () => {
  const owner = await serve({ restartTask: async () => {} })
  const leader = await serve({
    restartTask: async () => {
      throw new ElsewhereError(owner.advertisedUrl)
    },
  })
  const asked = await serve({
    restartTask: async () => {
      throw new ElsewhereError(leader.advertisedUrl)
    },
  })
  const path = 'connectors/c/tasks/0/restart'
  expect(await send(`${asked.advertisedUrl}${path}`, 'POST')).toMatchObject({ status: 204, text: '' })
  // From a worker: one hop is left; none with false.
  expect((await send(`${leader.advertisedUrl}${path}?forward=true`, 'POST')).status).toBe(204)
  const refused = await send(`${asked.advertisedUrl}${path}?forward=true`, 'POST')
  expect(refused.status).toBe(409)
  expect(JSON.parse(refused.text)).toMatchObject({
    error_code: 409,
    message: 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)',
  })
})

test('the body goes along as it is; a created connector is located at the worker that was asked', async () => {
  const seen: unknown[] = []
  const leader = await serve({
    create: async (name, config, initial) => {
      seen.push([name, config, initial])
      return { name, config, tasks: [], type: 'sink' }
    },
  })
  const asked = await serve({
    create: async () => {
      throw new ElsewhereError(leader.advertisedUrl)
    },
  })
  const body = '{"name":"a/b","config":{"n":1.10},"initial_state":"PAUSED"}'
  const answer = await send(`${asked.url}/connectors`, 'POST', body)
  expect(answer).toMatchObject({ status: 201, location: `${asked.url}/connectors/a/b` })
  expect(seen).toEqual([['a/b', { n: '1.10' }, 'PAUSED']])
})

test('errors of the other worker come back as they are; one that is gone is named, and may be asked again', async () => {
  const leader = await serve({})
  const elsewhere = {
    remove: async () => {
      throw new ElsewhereError(leader.advertisedUrl)
    },
  }
  const asked = await serve(elsewhere)
  expect((await send(`${asked.url}/connectors/x`, 'DELETE')).status).toBe(500)
  await leader.close()
  const gone = await send(`${asked.url}/connectors/x`, 'DELETE')
  expect(gone.status).toBe(409)
  expect(JSON.parse(gone.text).hint).toContain(`${leader.advertisedUrl} is gone`)
})
