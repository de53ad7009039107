import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { BufferPool } from '../../../runtime/broker/buffer-pool.ts'
import { Connection, type ConnectionOptions, type Frame } from '../../../runtime/broker/connection.ts'

/** A server connection whose requests `handle` gets, and the client's end of it. */
async function pair(handle: ConnectionOptions['handle'], maxRequestBytes = 10_000_000) {
  const failures: string[] = []
  const pool = new BufferPool()
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer(socket => {
    socket.on('error', () => {})
    new Connection(socket, { pool, maxRequestBytes, handle, failed: error => failures.push(error.message) })
    accepted.resolve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  client.on('error', () => {})
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const received: Buffer[] = []
  client.on('data', (chunk: Buffer) => received.push(chunk))
  return { client, failures, received: () => Buffer.concat(received).toString(), server: await accepted.promise }
}

/** Turns of the event loop in which whatever could happen without an answer does. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
}

const framed = (text: string): Buffer => {
  const buffer = Buffer.alloc(4 + text.length)
  buffer.writeInt32BE(text.length, 0)
  buffer.write(text, 4)
  return buffer
}

const reply = (text: string) => ({ buffers: [Buffer.from(text)], sent: () => {} })

test('finds the requests in the stream however it is cut', async () => {
  const seen: string[] = []
  const handle = (frame: Frame) => {
    seen.push(frame.bytes.toString())
    return { isPipelined: false, reply: Promise.resolve(null) }
  }
  const texts = ['first one', 'x'.repeat(200_000), 'second one', 'y'.repeat(70_000), 'the last']
  const stream = Buffer.concat(texts.map(framed))
  const { client } = await pair(handle)
  for (let at = 0, step = 1; at < stream.length; at += step, step = Math.min(step * 3, 50_000)) {
    client.write(stream.subarray(at, at + step))
    if (step < 100) await new Promise(resolve => setImmediate(resolve))
  }
  await vi.waitUntil(() => seen.length === texts.length)
  expect(seen).toEqual(texts)
})

test('begins one request after the other, and answers in their order', async () => {
  const answers = new Map<string, (text: string) => void>()
  const handle = (frame: Frame) => {
    const name = frame.bytes.toString().trim()
    const made = new Promise<string>(resolve => answers.set(name, resolve))
    return { isPipelined: name.startsWith('produce'), reply: made.then(reply) }
  }
  const { client, received } = await pair(handle)
  client.write(Buffer.concat(['produce1', 'produce2', 'fetch1  ', 'fetch2  '].map(framed)))
  await vi.waitUntil(() => answers.size === 3)
  answers.get('fetch1')!('c')
  answers.get('produce2')!('b')
  await settle()
  expect([received(), answers.has('fetch2')]).toEqual(['', false])
  answers.get('produce1')!('a')
  await vi.waitUntil(() => answers.has('fetch2'))
  answers.get('fetch2')!('d')
  await vi.waitUntil(() => received().length === 4)
  expect(received()).toBe('abcd')
})

test('stops reading while much is pending, and goes on afterwards', async () => {
  const pending: (() => void)[] = []
  let begun = 0
  const handle = () => {
    begun++
    return { isPipelined: true, reply: new Promise<null>(resolve => pending.push(() => resolve(null))) }
  }
  const { client, server } = await pair(handle)
  const request = framed('z'.repeat(1_000_000))
  for (let i = 0; i < 40; i++) client.write(request)
  await vi.waitUntil(() => server.isPaused())
  await settle()
  expect(begun).toBeLessThan(16)
  while (begun < 40) {
    for (const finish of pending.splice(0)) finish()
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(begun).toBe(40)
})

test('makes no further answer while the client does not read the ones before', async () => {
  let begun = 0
  const answer = Buffer.alloc(4_000_000)
  const handle = () => {
    begun++
    return { isPipelined: false, reply: Promise.resolve({ buffers: [answer], sent: () => {} }) }
  }
  const { client } = await pair(handle)
  client.pause()
  for (let i = 0; i < 20; i++) client.write(framed('give me!'))
  await vi.waitUntil(() => begun > 0)
  await settle()
  expect(begun).toBeLessThan(6)
  client.resume()
  await vi.waitUntil(() => begun === 20, { timeout: 5000 })
})

test('ends on sizes that make no sense and on refused requests, and says why; waiting work is told', async () => {
  const handle = (frame: Frame) => {
    throw new Error(`refused ${frame.bytes}`)
  }
  const big = await pair(handle, 1000)
  big.client.write(Buffer.from([0x7f, 0, 0, 0]))
  await vi.waitUntil(() => big.failures.length === 1)
  expect(big.failures[0]).toMatch(/socket\.request\.max\.bytes=1000/)
  const refused = await pair(handle)
  refused.client.write(framed('rubbish!'))
  await vi.waitUntil(() => refused.failures.length === 1 && refused.client.destroyed)
  expect(refused.failures).toEqual(['refused rubbish!'])

  let signal: AbortSignal | undefined
  const parked = await pair((_, closing) => {
    signal = closing
    return { isPipelined: false, reply: new Promise(() => {}) }
  })
  parked.client.write(framed('long poll'))
  await vi.waitUntil(() => signal !== undefined)
  parked.client.destroy()
  await vi.waitUntil(() => signal?.aborted === true)
})
