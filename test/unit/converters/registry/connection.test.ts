import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, RetriableError } from '../../../../runtime/api/errors.ts'
import { AbortedError } from '../../../../runtime/base/abort.ts'
import { parseOrThrow } from '../../../../runtime/config/parse.ts'
import { type ConnectionConfig, connectionSpec } from '../../../../runtime/converters/registry/connection-settings.ts'
import { RegistryHttp } from '../../../../runtime/converters/registry/http-client.ts'
import { type FakeRegistry, fakeRegistry } from '../../../support/fakes/schema-registry.ts'

let registry: FakeRegistry
const servers: Server[] = []
beforeEach(async () => {
  registry = await fakeRegistry()
  registry.trouble = () => ({ status: 200, body: [] })
})
afterEach(async () => {
  await registry.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const listening = async (server: Server): Promise<string> => {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const http = (props: Readonly<Record<string, string>> = {}) => {
  const given = { 'schema.registry.url': registry.url, 'retries.wait.ms': '1', ...props }
  return new RegistryHttp(parseOrThrow(connectionSpec, given) as unknown as ConnectionConfig, given)
}
const ask = (one: RegistryHttp, signal?: AbortSignal) => one.ask('GET', '/subjects', signal)

describe('tokens of an OAuth server', () => {
  const grants: { readonly authorization: string | undefined; readonly body: string }[] = []
  let answer: { status: number; body: unknown }
  const oauth = async (props: Readonly<Record<string, string>> = {}) => ({
    'bearer.auth.credentials.source': 'OAUTHBEARER',
    'bearer.auth.issuer.endpoint.url': await listening(
      createServer(async (request, response) => {
        let body = ''
        for await (const chunk of request) body += chunk
        grants.push({ authorization: request.headers.authorization, body })
        response.writeHead(answer.status).end(JSON.stringify(answer.body))
      }),
    ),
    'bearer.auth.client.id': 'me',
    'bearer.auth.client.secret': 's3cret',
    ...props,
  })
  beforeEach(() => {
    grants.length = 0
    answer = { status: 200, body: { access_token: 'abc', expires_in: 3600 } }
  })

  test('are asked for once, with id, secret and scope', async () => {
    const one = http(await oauth({ 'bearer.auth.scope': 'a b' }))
    await ask(one)
    await ask(one)
    expect(grants).toEqual([
      { authorization: `Basic ${btoa('me:s3cret')}`, body: 'grant_type=client_credentials&scope=a+b' },
    ])
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual(['Bearer abc', 'Bearer abc'])
  })

  test('are asked for again when most of their life is over', async () => {
    answer.body = { access_token: 'abc', expires_in: 0.001 }
    const one = http(await oauth())
    await ask(one)
    const asked = async () => {
      await ask(one)
      return grants.length
    }
    await expect.poll(asked).toBeGreaterThan(1)
  })

  test('that are refused end the task, without the secret', async () => {
    answer = { status: 401, body: { error: 'invalid_client', said: 's3cret' } }
    const failing = ask(http(await oauth()))
    await expect(failing).rejects.toThrow(ConfigError)
    await expect(failing).rejects.toThrow(/gave no token \(status 401\): check bearer\.auth\.client\.id$/)
    expect(registry.asked).toEqual([])
  })

  test('of a server in trouble are asked for again', async () => {
    answer = { status: 503, body: {} }
    await expect(ask(http(await oauth({ 'max.retries': '2' })))).rejects.toThrow(RetriableError)
    expect(grants).toHaveLength(3)
  })

  test('need their settings', async () => {
    const given = await oauth()
    for (const key of ['bearer.auth.issuer.endpoint.url', 'bearer.auth.client.id', 'bearer.auth.client.secret'])
      expect(() => http({ ...given, [key]: ' ' })).toThrow(key)
    for (const source of ['SASL_OAUTHBEARER_INHERIT', 'CUSTOM'])
      expect(() => http({ 'bearer.auth.credentials.source': source })).toThrow(`${source} is not supported`)
  })
})

describe('headers', () => {
  const seen = async (props: Readonly<Record<string, string>>) => {
    let headers: NodeJS.Dict<string | string[]> = {}
    const url = await listening(
      createServer((request, response) => {
        headers = request.headers
        response.end('[]')
      }),
    )
    await ask(http({ ...props, 'schema.registry.url': url }))
    return headers
  }

  test('of the user go along', async () => {
    expect(await seen({ 'request.header.X-Tenant': 'blue', 'request.header.traceparent': '1' })).toMatchObject({
      'x-tenant': 'blue',
      traceparent: '1',
    })
  })

  test('name the cluster and the identity pool beside a token', async () => {
    const props = { 'bearer.auth.logical.cluster': 'lsrc-1', 'bearer.auth.identity.pool.id': 'pool-1' }
    expect(await seen({ ...props, 'bearer.auth.token': 'abc' })).toMatchObject({
      authorization: 'Bearer abc',
      'target-sr-cluster': 'lsrc-1',
      'confluent-identity-pool-id': 'pool-1',
    })
    expect(await seen(props)).not.toHaveProperty('target-sr-cluster')
  })
})

test('trouble is told with the reason that the registry gives, and what will not pass is not tried again', async () => {
  registry.trouble = () => ({ status: 500, body: { error_code: 50002, message: 'Operation timed out' } })
  await expect(ask(http({ 'max.retries': '0' }))).rejects.toThrow(/answered with status 500: Operation timed out$/)
  registry.asked.splice(0)
  registry.trouble = () => ({ status: 501, body: { error_code: 501, message: 'Not here' } })
  await expect(ask(http())).rejects.toThrow('Not here')
  expect(registry.asked).toHaveLength(1)
})

test('a proxy is asked instead', async () => {
  const through: string[] = []
  const tunnels: Socket[] = []
  const proxy = createServer((incoming, response) => {
    through.push(incoming.url!)
    const onward = request(incoming.url!, { headers: incoming.headers }, answer => answer.pipe(response))
    incoming.pipe(onward)
  })
  proxy.on('connect', (incoming, socket: Socket) => {
    through.push(`CONNECT ${incoming.url}`)
    const onward = connect(Number(incoming.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    tunnels.push(socket)
  })
  const url = await listening(proxy)
  const given = { 'proxy.host': '127.0.0.1', 'proxy.port': new URL(url).port }
  expect(await ask(http(given))).toEqual([])
  expect(through).toEqual([`${registry.url}/subjects`])
  // To a registry with TLS there is a tunnel; this one speaks none.
  const secure = registry.url.replace('http:', 'https:')
  await expect(ask(http({ ...given, 'schema.registry.url': secure, 'max.retries': '0' }))).rejects.toThrow(secure)
  expect(through[1]).toBe(`CONNECT ${new URL(registry.url).host}`)
  for (const socket of tunnels) socket.destroy()
})

describe('a wait ends', () => {
  const waiting = { 'retries.wait.ms': '3600000', 'retries.max.wait.ms': '3600000' }

  test.each(['the signal', 'closing'])('between two attempts, by %s', async by => {
    registry.trouble = () => ({ status: 503, body: '' })
    const one = http(waiting)
    const stop = new AbortController()
    const failing = ask(one, stop.signal)
    const ended = expect(failing).rejects.toThrow(AbortedError)
    await expect.poll(() => registry.asked.length).toBe(1)
    if (by === 'closing') one.close()
    else stop.abort()
    await ended
  })

  test('in the middle of a request', async () => {
    let asked = false
    const url = await listening(createServer(() => (asked = true)))
    const stop = new AbortController()
    const ended = expect(ask(http({ ...waiting, 'schema.registry.url': url }), stop.signal)).rejects.toThrow(
      AbortedError,
    )
    await expect.poll(() => asked).toBe(true)
    stop.abort()
    await ended
  })

  test('of an answer that does not come', async () => {
    const url = await listening(createServer(() => {}))
    const short = { 'http.connect.timeout.ms': '20', 'http.read.timeout.ms': '20', 'max.retries': '0' }
    await expect(ask(http({ ...short, 'schema.registry.url': url }))).rejects.toThrow('no answer within 40 ms')
  })
})
