import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stored {
  readonly id: number
  readonly body: { readonly schema: string; readonly schemaType?: string; readonly references?: unknown }
}

export interface FakeRegistry {
  readonly url: string
  /** `METHOD path`, in order, with the credentials that came along. */
  readonly asked: { readonly what: string; readonly authorization: string | undefined }[]
  /** Answers instead of the registry when it returns something. */
  trouble: (what: string) => { readonly status: number; readonly body: unknown } | undefined
  add(subject: string, body: Stored['body']): number
  close(): Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** The answers of a schema registry that converters need; it compares texts and knows nothing of compatibility. */
export const fakeRegistry = async (): Promise<FakeRegistry> => {
  const subjects = new Map<string, Stored[]>()
  const byText = new Map<string, Stored>()
  const stored = (body: Stored['body']): Stored => {
    const key = JSON.stringify([body.schemaType ?? 'AVRO', body.schema])
    let found = byText.get(key)
    if (found === undefined) byText.set(key, (found = { id: byText.size + 1, body }))
    return found
  }
  const add = (subject: string, body: Stored['body']): number => {
    const one = stored(body)
    const versions = subjects.get(subject) ?? []
    if (!versions.includes(one)) versions.push(one)
    subjects.set(subject, versions)
    return one.id
  }
  const missing = (code: number) => ({ status: 404, body: { error_code: code, message: 'not found' } })
  const answer = (method: string, path: string, text: string): { status: number; body: unknown } => {
    const [, first, second, third, fourth] = path.split('/').map(decodeURIComponent)
    if (first === 'schemas' && second === 'ids') {
      const found = [...byText.values()].find(({ id }) => id === Number(third))
      return found === undefined ? missing(40403) : { status: 200, body: found.body }
    }
    const versions = subjects.get(second!) ?? []
    if (method === 'GET' && third === 'versions') {
      const version = fourth === 'latest' ? versions.length : Number(fourth)
      const found = versions[version - 1]
      return found === undefined ? missing(40401) : { status: 200, body: { ...found.body, id: found.id, version } }
    }
    const body = JSON.parse(text) as Stored['body']
    if (third === 'versions') return { status: 200, body: { id: add(second!, body) } }
    const version = versions.indexOf(stored(body)) + 1
    return version === 0 ? missing(40403) : { status: 200, body: { id: stored(body).id, version } }
  }
  const registry: Omit<FakeRegistry, 'url' | 'close'> = { asked: [], trouble: () => undefined, add }
  const server = createServer(async (request, response) => {
    const path = request.url!.split('?', 1)[0]!
    const what = `${request.method} ${request.url}`
    registry.asked.push({ what, authorization: request.headers.authorization })
    const text = await bodyOf(request)
    const { status, body } = registry.trouble(what) ?? answer(request.method!, path, text)
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(registry, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })
}
