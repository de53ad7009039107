import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, xmlAnswer } from './answer.ts'
import { errorOf, type Fault, Faults } from './faults.ts'
import { parseRequest } from './request.ts'
import { route } from './routes.ts'
import { S3Error } from './s3-error.ts'
import { verifySignature } from './signature.ts'
import { Store } from './store.ts'

export interface S3ServerOptions {
  /** Where buckets live; a new folder that `close` removes, when not given. */
  readonly dir?: string
  /** Default 0: a free one. */
  readonly port?: number
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly region?: string
}

export interface S3Server {
  readonly url: string
  readonly port: number
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** How many requests came in, by operation (`PutObject`, `UploadPart`...), failed ones included. */
  readonly requests: Readonly<Record<string, number>>
  /** Makes requests fail until they did so `times` times, `forMs` passed, or the returned function is called. */
  fail(fault: Fault): () => void
  close(): Promise<void>
}

/**
 * A small S3 server on loopback for tests and the demo: path style and host style, AWS Signature Version 4 checked in all
 * its forms, objects on disk. What it cannot do it refuses with NotImplemented.
 */
export const startS3Server = async (options: S3ServerOptions = {}): Promise<S3Server> => {
  const { port = 0, accessKeyId = 'millrace', secretAccessKey = 'millrace-secret', region = 'us-east-1' } = options
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'millrace-s3-')))
  const store = await Store.open(dir)
  const credentials = { accessKeyId, secretAccessKey, region }
  const requests: Record<string, number> = {}
  const faults = new Faults()

  const handle = async (incoming: IncomingMessage, response: ServerResponse, asked: boolean): Promise<void> => {
    const id = randomUUID()
    let fault: Fault | undefined
    let answer: Answer
    try {
      const request = parseRequest(incoming)
      requests[request.operation] = (requests[request.operation] ?? 0) + 1
      fault = faults.strike(request)
      if (fault?.delayMs !== undefined) await delay(fault.delayMs)
      if (fault?.cut === 'before') return void incoming.socket.destroy()
      const error = fault === undefined ? undefined : errorOf(fault)
      if (error !== undefined) throw error
      const signed = verifySignature(request, credentials)
      if (asked) response.writeContinue()
      answer = await route(store, request, signed, region)
    } catch (error) {
      answer = errorAnswer(error, incoming, id)
    }
    if (fault?.cut === 'after') return void incoming.socket.destroy()
    await send(store, incoming, response, answer, id)
  }

  const serve = (asked: boolean) => (incoming: IncomingMessage, response: ServerResponse) => {
    handle(incoming, response, asked).catch(() => response.destroy())
  }
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve(false))
  server.on('checkContinue', serve(true))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    region,
    accessKeyId,
    secretAccessKey,
    requests,
    fail: fault => faults.add(fault),
    async close() {
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
    },
  }
}

const errorAnswer = (error: unknown, incoming: IncomingMessage, id: string): Answer => {
  const cut = (error as NodeJS.ErrnoException).code === 'ECONNRESET'
  const known =
    error instanceof S3Error
      ? error
      : cut
        ? new S3Error('IncompleteBody')
        : new S3Error('InternalError', error instanceof Error ? error.message : String(error))
  if (known.status === 304) return { status: 304, headers: known.headers }
  const path = (incoming.url ?? '/').split('?')[0]!
  return xmlAnswer(known.toXml(path, id), known.status, known.headers)
}

const send = async (
  store: Store,
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  id: string,
): Promise<void> => {
  // What is left of a refused body is thrown away, so that the connection can be used again.
  if (!incoming.readableEnded) incoming.resume()
  if (response.destroyed) return
  const headers: Record<string, string> = { server: 'millrace-s3', 'x-amz-request-id': id, ...answer.headers }
  const head = incoming.method === 'HEAD'
  if (answer.file === undefined) {
    const body = answer.body ?? ''
    if (answer.status !== 204 && answer.status !== 304) headers['content-length'] = String(Buffer.byteLength(body))
    response.writeHead(answer.status, headers)
    response.end(head ? undefined : body)
    return
  }
  if (head) {
    response.writeHead(answer.status, headers)
    response.end()
    return
  }
  const { segments, start, end } = answer.file
  // All files are opened before the first byte: an object overwritten meanwhile is still read to its end.
  let position = 0
  const wanted: { path: string; from: number; to: number }[] = []
  for (const segment of segments) {
    const from = Math.max(start, position)
    const to = Math.min(end, position + segment.size)
    if (from < to) wanted.push({ path: store.dataPath(segment.file), from: from - position, to: to - position })
    position += segment.size
  }
  const files = await Promise.all(wanted.map(async ({ path, ...range }) => ({ file: await open(path), ...range })))
  response.writeHead(answer.status, headers)
  const pieces = async function* () {
    for (const { file, from, to } of files) {
      yield* createReadStream('', { fd: file, start: from, end: to - 1, highWaterMark: 256 * 1024 })
    }
  }
  await pipeline(pieces, response)
}
