import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { tokenRequest } from '../../../../runtime/kafka/connection/token-request.ts'
import { SettingsReader } from '../../../../runtime/kafka/settings.ts'

let server: Server
let asked = 0

const serve = async (
  handle: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<URL> => {
  asked = 0
  server = createServer((request, response) => handle(request, response, ++asked))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as { port: number }).port}/token?realm=x`)
}
const request = (url: URL, maxMs = 40) =>
  tokenRequest({
    url,
    id: 'id',
    secret: 'top-secret',
    scope: undefined,
    tls: new SettingsReader({}),
    connectTimeoutMs: 500,
    readTimeoutMs: 500,
    backoff: { initialMs: 5, maxMs },
  })()

afterEach(() => new Promise(resolve => server.close(resolve)))

describe('token request', () => {
  it('tries again when the server is busy', async () => {
    const url = await serve((_, response, count) => {
      response.statusCode = count < 3 ? 503 : 200
      response.end('{"access_token":"abc"}')
    })
    expect(await request(url)).toBe('abc')
    expect(asked).toBe(3)
  })

  it('gives up when the delays are at their longest', async () => {
    const url = await serve((_, response) => response.writeHead(500).end())
    const error = await request(url).catch(found => found)
    expect(error).toMatchObject({ kind: 'CONNECTION', retriable: true })
    expect(asked).toBe(4)
  })

  it('takes a refusal as final, and says nothing of the secret', async () => {
    const url = await serve((_, response) => response.writeHead(401).end('{"error":"top-secret is wrong"}'))
    const error = await request(url).catch(found => found)
    expect(error).toMatchObject({ kind: 'AUTHENTICATION', retriable: false })
    expect([asked, error.message.includes('top-secret')]).toEqual([1, false])
  })

  it.each(['', '{}', 'no json', '{"access_token":7}'])('does not take %j for a token', async text => {
    const url = await serve((_, response) => response.end(text))
    await expect(request(url)).rejects.toThrow(/without an access_token/)
  })
})
