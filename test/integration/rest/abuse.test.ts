import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'

let folder: string
let worker: WorkerProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-abuse-'))
  worker = await WorkerProcess.start({
    command: fileURLToPath(new URL('../../../bin/millrace.mjs', import.meta.url)),
    folder,
    properties: {
      'bootstrap.servers': `embedded:${join(folder, 'broker')}`,
      'millrace.broker.port': '0',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': join(folder, 'offsets'),
      listeners: 'http://127.0.0.1:0',
      'task.threads': '1',
    },
  })
})
afterAll(async () => {
  await worker?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request; `send` writes its body. A connection cut after the answer is no error. */
const ask = (
  method: string,
  path: string,
  send: (request: ClientRequest) => void = one => one.end(),
  headers = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(worker.rest)
    const sent = httpRequest({ hostname, port, method, path, headers, agent: false }, answer => {
      const parts: Buffer[] = []
      const done = () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, text: Buffer.concat(parts).toString() })
      answer
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', done)
        .on('error', done)
    })
    sent.on('error', reject)
    send(sent)
  })

const post = (body: string): Promise<Answer> =>
  ask('POST', '/connectors', one => one.end(body), { 'content-type': 'application/json' })

/** Sends what it is given and resolves to all that comes back until the server closes, or `ms` are over. */
const raw = (bytes: string, ms = 3000): Promise<string> =>
  new Promise(resolve => {
    const { hostname, port } = new URL(worker.rest)
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    let text = ''
    socket.setTimeout(ms, () => socket.destroy())
    socket.on('data', part => {
      text += part.toString()
    })
    // A server that refuses does not wait for the rest: what it had said counts.
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })

const isHealthy = async () => expect((await ask('GET', '/health')).status).toBe(200)

const mb = 1024 * 1024

test('bodies of 100 MB are refused early, with a length and without, and cost no memory', async () => {
  const before = await worker.memoryMb()
  const announced = await ask(
    'POST',
    '/connectors',
    one => {
      one.on('error', () => {})
      one.write(Buffer.alloc(mb, 'x'))
    },
    { 'content-type': 'application/json', 'content-length': String(100 * mb) },
  )
  expect(announced.status).toBe(413)
  expect(JSON.parse(announced.text)).toMatchObject({ error_code: 413 })
  let sentMb = 0
  for (let i = 0; i < 4; i++) {
    const answer = await ask(
      'PUT',
      '/connectors/x/config',
      one => {
        const part = Buffer.alloc(mb, 'x')
        one.on('error', () => {})
        const more = () => {
          for (; sentMb < 100 * (i + 1) && !one.destroyed; sentMb++)
            if (!one.write(part)) return one.once('drain', more)
          return one.end()
        }
        more()
      },
      { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    )
    expect(answer.status).toBe(413)
  }
  expect((await worker.memoryMb()) - before).toBeLessThan(120)
  await isHealthy()
})

test('deep JSON is refused, whatever reads it', async () => {
  const deep = '['.repeat(500_000)
  for (const [method, path, body] of [
    ['POST', '/connectors', deep],
    ['POST', '/connectors', `${deep}${']'.repeat(500_000)}`],
    ['POST', '/connectors', `{"name":"x","config":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`],
    [
      'PATCH',
      '/connectors/x/offsets',
      `{"offsets":[{"partition":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}},"offset":null}]}`,
    ],
    ['PUT', '/admin/loggers/root', `{"level":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ] as const) {
    const answer = await ask(method, path, one => one.end(body), { 'content-type': 'application/json' })
    expect([method, path, answer.status >= 400, answer.text.length < 2000]).toEqual([method, path, true, true])
    expect(JSON.parse(answer.text)).toMatchObject({ error_code: answer.status, message: expect.any(String) })
  }
  await isHealthy()
})

test('a thousand requests at once are all answered', async () => {
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      ask('GET', i % 2 === 0 ? '/connectors?expand=status' : '/connector-plugins'),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
})

test('clients that send nothing, or a byte now and then, keep nobody waiting', async () => {
  const { hostname, port } = new URL(worker.rest)
  const sockets: Socket[] = Array.from({ length: 300 }, (_, i) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    if (i % 3 === 1) socket.write('POST /connectors HTTP/1.1\r\nHost: x\r\n')
    if (i % 3 === 2)
      socket.write(
        'POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      )
    return socket
  })
  try {
    const start = performance.now()
    await isHealthy()
    expect(performance.now() - start).toBeLessThan(5000)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test('no header can be injected', async () => {
  const name = 'a\r\nSet-Cookie: evil=1'
  await writeFile(join(folder, 'empty'), '')
  const config = { 'connector.class': 'FileStreamSource', file: join(folder, 'empty'), topic: 't' }
  const created = await post(JSON.stringify({ name, config }))
  expect(created.headers['set-cookie']).toBeUndefined()
  expect((await ask('GET', '/connectors/a%0d%0aSet-Cookie:%20evil=1')).status).toBe(400)
  const host = await raw('GET /connectors HTTP/1.1\r\nHost: a\rb\r\nConnection: close\r\n\r\n')
  expect(host).toMatch(/^HTTP\/1\.1 400 /)
  const smuggled = await raw(
    'POST /connectors HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  expect(smuggled).toMatch(/^HTTP\/1\.1 400 /)
  expect(smuggled.match(/HTTP\/1\.1/g)).toHaveLength(1)
  const long = await raw(`GET /connectors HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)
  expect(long).toMatch(/^HTTP\/1\.1 431 /)
})

test.each([
  '/connectors/../../etc/passwd',
  '/connectors/..%2f..%2fetc%2fpasswd',
  '/connectors/%2e%2e/%2e%2e/etc/passwd',
  '/connectors/..\\..\\etc\\passwd',
  '/connectors/%00',
  '/connectors/%zz',
  '/connectors/%c0%ae%c0%ae',
  '//etc/passwd',
  '/connectors//x',
  '/connector-plugins/..%2f..%2fpackage.json/config',
  '/connector-plugins/file:%2f%2f%2fetc%2fpasswd/config',
  '/admin/loggers/__proto__',
  '/connectors/__proto__',
  '/connectors/constructor/status',
  '/connector-plugins/__proto__/config',
  '/connector-plugins/constructor/config',
  `/connectors/${'x'.repeat(10_000)}`,
  '/connectors/x/tasks/99999999999999999999/status',
  '/connectors/x/tasks/__proto__/status',
])('GET %s leads nowhere', async path => {
  const { status, text } = await ask('GET', path)
  expect([400, 404]).toContain(status)
  expect(text).not.toMatch(/root:|"dependencies"|node_modules|\.ts:/)
})

test('names and keys that objects have of their own are names and keys', async () => {
  const { status } = await ask('GET', '/connectors')
  expect(status).toBe(200)
  await writeFile(join(folder, 'empty'), '')
  const config = `"connector.class":"FileStreamSource","file":${JSON.stringify(join(folder, 'empty'))},"topic":"t"`
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const created = await post(
      `{"name":"${name}","config":{${config},"__proto__":"x","constructor":"y","toString":"z"}}`,
    )
    expect([name, created.status, created.text]).toEqual([name, 201, expect.any(String)])
    const shown = JSON.parse((await ask('GET', `/connectors/${name}/config`)).text) as object
    expect(Object.entries(shown)).toEqual(
      expect.arrayContaining([
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['toString', 'z'],
        ['name', name],
      ]),
    )
    const all = JSON.parse((await ask('GET', '/connectors?expand=info')).text) as object
    expect(Object.keys(all)).toContain(name)
    expect((await ask('DELETE', `/connectors/${name}`)).status).toBe(204)
  }
  const body = '{"name":"p","config":{"__proto__":{"polluted":"yes"}}}'
  expect((await post(body)).status).toBe(500)
  const offsets = '{"offsets":[{"partition":{"__proto__":{"a":1}},"offset":{"__proto__":1}}]}'
  expect(
    (await ask('PATCH', '/connectors/p/offsets', one => one.end(offsets), { 'content-type': 'application/json' }))
      .status,
  ).toBeGreaterThanOrEqual(400)
  await isHealthy()
})
