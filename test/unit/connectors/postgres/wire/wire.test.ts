import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { simpleQuery, standbyStatus, startup } from '../../../../../connectors/postgres/wire/messages.ts'
import {
  type ConnectOptions,
  identifier,
  literal,
  PgConnection,
} from '../../../../../connectors/postgres/wire/pg-connection.ts'
import { ConnectionLost, errorFields, PgError } from '../../../../../connectors/postgres/wire/pg-error.ts'
import { ScramClient } from '../../../../../connectors/postgres/wire/scram.ts'
import { WireSocket } from '../../../../../connectors/postgres/wire/wire-socket.ts'
import { Secret } from '../../../../../runtime/api/secret.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

/** A server that does what a test says; its port. */
const listen = async (serve: (socket: Socket) => void): Promise<number> => {
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

const options = (port: number, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: '127.0.0.1',
  port,
  keepAlive: true,
  connectTimeoutMs: 2000,
  user: 'ann',
  password: new Secret('hush'),
  database: 'd',
  sslMode: 'disable',
  queryTimeoutMs: 2000,
  ...more,
})

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const framed = (type: string, ...parts: readonly (Buffer | string)[]) => {
  const body = Buffer.concat(parts.map(part => Buffer.from(part as string)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}
const auth = (kind: number, ...more: readonly (Buffer | string)[]) => framed('R', int32(kind), ...more)
const ready = framed('Z', 'I')
const welcome = Buffer.concat([
  auth(0),
  framed('S', 'server_version\x0018.4 (X)\0'),
  framed('K', int32(1), int32(2)),
  ready,
])
const failed = (code: string, text: string, severity = 'FATAL') =>
  framed('E', `S${severity}\0V${severity}\0C${code}\0M${text}\0Hdo this\0\0`)

/** The messages of a client after its startup message, one by one. */
const onMessages = (socket: Socket, next: (type: string, body: Buffer) => void, onStartup: () => void): void => {
  let kept = Buffer.alloc(0)
  let started = false
  socket.on('data', chunk => {
    kept = Buffer.concat([kept, chunk])
    for (;;) {
      const head = started ? 1 : 0
      if (kept.length < head + 4) return
      const length = head + kept.readInt32BE(head)
      if (kept.length < length) return
      const message = kept.subarray(0, length)
      kept = kept.subarray(length)
      if (started) next(String.fromCharCode(message[0]!), message.subarray(5))
      else {
        started = true
        onStartup()
      }
    }
  })
}

describe('logging in', () => {
  const withPassword = async (ask: Buffer, right: (body: Buffer) => boolean) => {
    const port = await listen(socket =>
      onMessages(
        socket,
        (_, body) => socket.write(right(body) ? welcome : failed('28P01', 'password authentication failed')),
        () => socket.write(ask),
      ),
    )
    const connection = await PgConnection.open(options(port))
    expect(connection.serverVersion).toBe(180004)
    connection.close()
    await expect(PgConnection.open(options(port, { password: new Secret('wrong') }))).rejects.toMatchObject({
      code: '28P01',
      hint: 'do this',
    })
    await expect(PgConnection.open(options(port, { password: undefined }))).rejects.toThrow(/asks for a password/)
  }

  test('with the password as it is', () => withPassword(auth(3), body => body.toString() === 'hush\0'))

  test('with MD5', () => {
    const md5 = (text: string | Buffer) => createHash('md5').update(text).digest('hex')
    const salt = Buffer.from([1, 2, 255, 4])
    const answer = `md5${md5(Buffer.concat([Buffer.from(md5('hushann')), salt]))}\0`
    return withPassword(auth(5, salt), body => body.toString() === answer)
  })

  test('with SCRAM-SHA-256: the vector of RFC 7677', async () => {
    const client = new ScramClient('pencil', 'rOprNGfwEbeRWgbNEkqO')
    // PostgreSQL ignores the user name of the message, which the RFC has: only the lengths of the proof can be compared.
    expect(client.first).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO')
    const final = await client.final(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    expect(final).toMatch(/^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[A-Za-z0-9+/]{43}=$/)
    expect(() => client.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toThrow(/could not prove/)
    await expect(new ScramClient('x', 'abc').final('r=other,s=AAAA,i=1')).rejects.toThrow(/invalid SCRAM/)
  })

  test('a way that is not known', async () => {
    const port = await listen(socket =>
      onMessages(
        socket,
        () => {},
        () => socket.write(auth(7)),
      ),
    )
    await expect(PgConnection.open(options(port))).rejects.toThrow(/not supported here \(kind 7\)/)
  })

  test('no answer in time, or the connection ends', async () => {
    const silent = await listen(() => {})
    await expect(PgConnection.open(options(silent, { connectTimeoutMs: 50 }))).rejects.toThrow(/No answer within 50 ms/)
    const closing = await listen(socket => socket.destroy())
    await expect(PgConnection.open(options(closing))).rejects.toBeInstanceOf(ConnectionLost)
  })

  test('an answer that arrived in time counts, although something else held the thread until it was late', async () => {
    const port = await listen(socket =>
      socket.once('data', () => {
        socket.write(welcome)
        const end = performance.now() + 100
        while (performance.now() < end);
      }),
    )
    const connection = await PgConnection.open(options(port, { connectTimeoutMs: 50 }))
    expect(connection.serverVersion).toBe(180004)
    connection.socket.destroy(new ConnectionLost('done'))
  })
})

describe('TLS', () => {
  const secured = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${keyFile} -out ${certFile}`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    )
    const port = await listen(socket =>
      socket.once('data', () => {
        socket.write('S')
        const tls = new TLSSocket(socket, { isServer: true, key: readFileSync(keyFile), cert: readFileSync(certFile) })
        tls.on('error', () => {})
        onMessages(
          tls,
          type =>
            type === 'Q' &&
            tls.write(
              Buffer.concat([
                framed('T', Buffer.from([0, 1]), 'a\0', Buffer.alloc(18)),
                framed('D', Buffer.from([0, 1]), int32(200_000), 'x'.repeat(200_000)),
                ready,
              ]),
            ),
          () => tls.write(welcome),
        )
      }),
    )
    return { port, certFile, remove: () => rmSync(folder, { recursive: true }) }
  }

  test('is used, and checked as asked for', async () => {
    const { port, certFile, remove } = await secured()
    try {
      const connection = await PgConnection.open(options(port, { sslMode: 'require' }))
      expect((await connection.value('x'))?.length).toBe(200_000)
      connection.close()
      await expect(PgConnection.open(options(port, { sslMode: 'verify-ca' }))).rejects.toThrow(/certificate/)
      const trusting = { sslRootCert: certFile }
      ;(await PgConnection.open(options(port, { sslMode: 'verify-ca', ...trusting }))).close()
      // The certificate is for localhost.
      await expect(PgConnection.open(options(port, { sslMode: 'verify-full', ...trusting }))).rejects.toThrow(
        /127\.0\.0\.1/,
      )
      ;(await PgConnection.open(options(port, { sslMode: 'verify-full', host: 'localhost', ...trusting }))).close()
    } finally {
      remove()
    }
  })

  test('that is not offered: prefer goes without, require fails', async () => {
    const port = await listen(socket =>
      socket.once('data', first => {
        if (first.readInt32BE(4) === 80877103) socket.write('N')
        else socket.write(welcome)
      }),
    )
    ;(await PgConnection.open(options(port, { sslMode: 'prefer' }))).close()
    await expect(PgConnection.open(options(port, { sslMode: 'require' }))).rejects.toThrow(/does not offer TLS/)
  })
})

describe('questions', () => {
  const answering = async (answer: Buffer, more: Partial<ConnectOptions> = {}) => {
    const port = await listen(socket =>
      onMessages(
        socket,
        type => type === 'Q' && socket.write(answer),
        () => socket.write(welcome),
      ),
    )
    return PgConnection.open(options(port, more))
  }

  test('rows as text', async () => {
    const answer = Buffer.concat([
      framed('N', 'SNOTICE\0Mhello\0\0'),
      framed('T', Buffer.from([0, 2]), 'a\0', Buffer.alloc(18), 'ü\0', Buffer.alloc(18)),
      framed('D', Buffer.from([0, 2]), int32(-1), int32(2), 'é'),
      framed('C', 'SELECT 1\0'),
      ready,
    ])
    const connection = await answering(answer)
    expect(await connection.query('x')).toEqual({ columns: ['a', 'ü'], rows: [[null, 'é']] })
    connection.close()
  })

  test('an error leaves the connection usable, a fatal one does not', async () => {
    const usable = await answering(Buffer.concat([failed('42P01', 'no table', 'ERROR'), ready]))
    await expect(usable.query('x')).rejects.toMatchObject({ code: '42P01', message: 'ERROR: no table' })
    await expect(usable.startCopy('x')).rejects.toMatchObject({ code: '42P01' })
    usable.close()
    const gone = await answering(failed('57P01', 'terminating'))
    await expect(gone.query('x')).rejects.toMatchObject({ code: '57P01' })
    gone.close()
    await expect(gone.query('x')).rejects.toBeInstanceOf(ConnectionLost)
  })

  test('no answer in time', async () => {
    const connection = await answering(Buffer.alloc(0), { queryTimeoutMs: 50 })
    await expect(connection.query('x')).rejects.toThrow(/No answer within 50 ms/)
  })
})

describe('a socket', () => {
  const address = (port: number) => ({ host: '127.0.0.1', port, keepAlive: true, connectTimeoutMs: 1000 })

  test('keeps what was read where it is, and asks for no more than is wanted', async () => {
    const total = 6 * 1024 * 1024
    let written = 0
    const port = await listen(socket => {
      const pump = () => {
        while (written < total) {
          const piece = Buffer.alloc(64 * 1024, written / (64 * 1024))
          written += piece.length
          if (!socket.write(piece)) {
            socket.once('drain', pump)
            return
          }
        }
      }
      pump()
    })
    const wire = await WireSocket.plain(address(port))
    await wire.need(64 * 1024)
    const first = { buf: wire.buf, at: wire.start }
    await expect.poll(() => wire.end - wire.start).toBeGreaterThan(500 * 1024)
    // Nobody reads on: what is not taken waits in the server.
    await expect.poll(() => wire.arrived).toBeLessThan(1024 * 1024)
    let sum = 0
    while (sum < total) {
      await wire.need(1)
      const { start, end, buf } = wire
      for (let pos = start; pos < end; pos += 64 * 1024 - ((sum + pos - start) % (64 * 1024)))
        expect(buf[pos]).toBe(Math.floor((sum + pos - start) / (64 * 1024)) & 255)
      sum += end - start
      wire.start = end
    }
    expect(first.buf.subarray(first.at, first.at + 64 * 1024).every(byte => byte === 0)).toBe(true)
    wire.destroy(new Error('done'))
    await expect(wire.more()).rejects.toThrow('done')
    expect(wire.failed?.message).toBe('done')
  })

  test('reads into the same few chunks once what lay in them was given up', async () => {
    const total = 40 * 1024 * 1024
    const port = await listen(socket => {
      const piece = Buffer.alloc(64 * 1024, 7)
      let written = 0
      const pump = (): void => {
        while (written < total) {
          written += piece.length
          if (!socket.write(piece)) return void socket.once('drain', pump)
        }
      }
      pump()
    })
    const wire = await WireSocket.plain(address(port))
    const chunks = new Set<ArrayBufferLike>()
    for (let sum = 0; sum < total; ) {
      await wire.need(1)
      chunks.add(wire.buf.buffer)
      sum += wire.end - wire.start
      wire.start = wire.end
      wire.recycle()
    }
    expect(chunks.size).toBeLessThan(6)
    wire.destroy(new Error('done'))
  })

  test('a message larger than any buffer', async () => {
    const port = await listen(socket => socket.write(Buffer.alloc(5_000_000, 7)))
    const wire = await WireSocket.plain(address(port))
    wire.paceMs = 1
    await wire.need(5_000_000)
    expect(wire.buf.subarray(wire.start, wire.start + 5_000_000).every(byte => byte === 7)).toBe(true)
    wire.destroy(new Error('done'))
  })

  test('small reads are spread out, so that many messages share one', async () => {
    const port = await listen(socket => {
      let left = 300
      const timer = setInterval(() => (left-- > 0 ? socket.write('x') : clearInterval(timer)), 0)
    })
    const wire = await WireSocket.plain(address(port))
    wire.paceMs = 30
    let waits = 0
    for (; wire.arrived < 300; waits++) await wire.more()
    expect(waits).toBeLessThan(100)
    wire.destroy(new Error('done'))
  })

  test('a waiter goes on when it is interrupted, and needs not wait for what came before', async () => {
    const port = await listen(socket => socket.write('x'))
    const wire = await WireSocket.plain(address(port))
    await wire.need(1)
    await wire.more(0)
    const waiting = wire.more()
    wire.interrupt()
    await waiting
    wire.destroy(new Error('done'))
  })
})

test('messages', () => {
  expect(simpleQuery('é').toString('latin1')).toBe('Q\0\0\0\x07Ã©\0')
  expect(startup({ user: 'u' }).toString('latin1')).toBe('\0\0\0\x10\0\x03\0\0user\0u\0\0')
  const status = standbyStatus(258, 257, 946_684_800_001)
  expect([status.length, status.readBigUInt64BE(6), status.readBigUInt64BE(14), status.readBigInt64BE(30)]).toEqual([
    39,
    258n,
    257n,
    1000n,
  ])
})

test('errors of the server', () => {
  const bytes = Buffer.from('SERREUR\0VERROR\0C42501\0Mnon\0Dbecause\0\0')
  const error = new PgError(errorFields(bytes, 0, bytes.length))
  expect(error).toMatchObject({
    severity: 'ERROR',
    code: '42501',
    text: 'non',
    detail: 'because',
    message: 'ERROR: non',
  })
  expect(new PgError(new Map()).code).toBe('XX000')
})

test('names and texts in SQL', () => {
  expect(identifier('a"b')).toBe('"a""b"')
  expect(literal("it's")).toBe("'it''s'")
  expect(literal("a\\'b")).toBe(" E'a\\\\''b'")
})
