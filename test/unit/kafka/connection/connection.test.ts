import { afterEach, describe, expect, it } from 'vitest'
import { Connection } from '../../../../runtime/kafka/connection/connection.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { encodeResponse } from '../../../../runtime/protocol/api.ts'
import { apiVersions } from '../../../../runtime/protocol/messages/api-versions.ts'
import { heartbeat } from '../../../../runtime/protocol/messages/heartbeat.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { saslAuthenticate } from '../../../../runtime/protocol/messages/sasl-authenticate.ts'
import { saslHandshake } from '../../../../runtime/protocol/messages/sasl-handshake.ts'
import { type Asked, type ScriptedBroker, scriptedBroker } from './scripted-broker.ts'

const all = [metadata, heartbeat, saslHandshake, saslAuthenticate]
let broker: ScriptedBroker
const connections: Connection[] = []

const open = async (
  settings: Record<string, string> = {},
  mechanism: Parameters<typeof Connection.open>[3] = null,
): Promise<Connection> => {
  const config = clientConfig({ 'bootstrap.servers': broker.bootstrap, ...settings })
  const connection = await Connection.open({ host: broker.host, port: broker.port }, 7, config, mechanism)
  connections.push(connection)
  return connection
}
const beat = (connection: Connection, groupId: string) =>
  connection.request(heartbeat, { groupId, generationId: 1, memberId: 'm' })

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close()
  await broker.close()
})

describe('connection', () => {
  it('speaks the newest version that both know', async () => {
    broker = await scriptedBroker(all, { [heartbeat.key]: [0, 2], [metadata.key]: [5, 99] })
    const connection = await open()
    expect([connection.versionOf(heartbeat), connection.versionOf(metadata)]).toEqual([2, metadata.versions[1]])
    expect(connection.versionOf(metadata, 8)).toBe(8)
  })

  it('falls back when the broker does not know our newest ApiVersions', async () => {
    broker = await scriptedBroker(all, { [apiVersions.key]: [0, 2] })
    expect((await open()).versionOf(heartbeat)).toBe(heartbeat.versions[1])
  })

  it('names broker and versions when there is none in common', async () => {
    broker = await scriptedBroker([heartbeat], { [heartbeat.key]: [50, 60] })
    const connection = await open()
    expect(() => connection.versionOf(heartbeat)).toThrow(
      /Heartbeat: 127.0.0.1:\d+ \(node 7\) speaks versions 50 to 60, 0 to 4/,
    )
    await expect(connection.request(metadata, {})).rejects.toMatchObject({ kind: 'UNSUPPORTED', retriable: false })
  })

  it('keeps several requests in flight and gives each its answer', async () => {
    broker = await scriptedBroker(all)
    const asked: Asked[] = []
    broker.onRequest = one => {
      asked.push(one)
      if (asked.length < 3) return
      for (const { answer, body } of asked) {
        answer(heartbeat, { errorCode: Number((body as { groupId: string }).groupId) })
      }
    }
    const connection = await open()
    const answers = Promise.all(['1', '2', '3'].map(group => beat(connection, group)))
    expect(connection.inFlight).toBe(3)
    expect((await answers).map(({ errorCode }) => errorCode)).toEqual([1, 2, 3])
    expect(connection.inFlight).toBe(0)
  })

  it('fails what is in flight when the broker goes away, retriably', async () => {
    broker = await scriptedBroker(all)
    broker.onRequest = ({ socket }) => socket.destroy()
    const connection = await open()
    const reasons: string[] = []
    connection.onClosed(reason => reasons.push(reason.message))
    await expect(beat(connection, 'g')).rejects.toMatchObject({ kind: 'CONNECTION', retriable: true })
    expect(connection.isOpen).toBe(false)
    expect(reasons).toHaveLength(1)
    await expect(beat(connection, 'g')).rejects.toMatchObject({ kind: 'CONNECTION' })
  })

  it('gives up after request.timeout.ms, naming API and broker', async () => {
    broker = await scriptedBroker(all)
    const connection = await open({ 'request.timeout.ms': '50' })
    await expect(beat(connection, 'g')).rejects.toThrow(
      /Heartbeat: no answer: 127.0.0.1:\d+ \(node 7\) was silent for 50 ms \(request.timeout.ms\)/,
    )
  })

  it('takes an answer that was there in time, though the event loop was not', async () => {
    broker = await scriptedBroker(all)
    broker.onRequest = ({ answer }) => {
      answer(heartbeat, {})
      // The broker shares our thread: past the deadline before the answer can be read.
      const end = performance.now() + 150
      while (performance.now() < end);
    }
    const connection = await open({ 'request.timeout.ms': '100' })
    expect((await beat(connection, 'g')).errorCode).toBe(0)
  })

  it('does not trust a broker that answers something else', async () => {
    broker = await scriptedBroker(all)
    broker.onRequest = ({ socket, version, correlationId }) =>
      socket.write(Buffer.concat(encodeResponse(heartbeat, version, correlationId + 1, {})))
    await expect(beat(await open(), 'g')).rejects.toThrow(/came where \d+ was due/)
  })

  it('holds requests while the broker throttles it', async () => {
    broker = await scriptedBroker(all)
    const at: number[] = []
    broker.onRequest = ({ answer }) => {
      at.push(performance.now())
      answer(heartbeat, { throttleTimeMs: at.length === 1 ? 120 : 0 })
    }
    const connection = await open()
    await beat(connection, 'a')
    await Promise.all([beat(connection, 'b'), beat(connection, 'c')])
    expect(at[1]! - at[0]!).toBeGreaterThan(110)
    expect(at).toHaveLength(3)
  })

  it('lets nobody wait for the end of a throttle when it is closed', async () => {
    broker = await scriptedBroker(all)
    broker.onRequest = ({ answer }) => answer(heartbeat, { throttleTimeMs: 60_000 })
    const connection = await open()
    await beat(connection, 'a')
    const waiting = beat(connection, 'b')
    connection.close()
    await expect(waiting).rejects.toMatchObject({ kind: 'CONNECTION' })
  })

  it('closes when it was idle for connections.max.idle.ms', async () => {
    broker = await scriptedBroker(all)
    const connection = await open({ 'connections.max.idle.ms': '40' })
    await new Promise<void>(resolve => connection.onClosed(() => resolve()))
    expect(connection.isOpen).toBe(false)
  })

  it('says which address refused', async () => {
    broker = await scriptedBroker(all)
    await broker.close()
    await expect(open()).rejects.toThrow(/Connection to 127.0.0.1:\d+ failed: .*ECONNREFUSED/)
  })

  describe('SASL', () => {
    const mechanism = {
      name: 'PLAIN',
      begin: () => ({ first: async () => Buffer.from('secret'), next: async () => null }),
    }
    const script = (lifetimeMs: number, order: string[]): void => {
      broker.onRequest = ({ api, answer }) => {
        order.push(api.name)
        if (api === saslHandshake) answer(saslHandshake, { mechanisms: ['PLAIN'] })
        else if (api === saslAuthenticate) answer(saslAuthenticate, { sessionLifetimeMs: lifetimeMs })
        else answer(heartbeat, {})
      }
    }

    it('authenticates before anything else, and again before the session ends, requests waiting meanwhile', async () => {
      broker = await scriptedBroker(all)
      const order: string[] = []
      script(100, order)
      const connection = await open({}, mechanism)
      await beat(connection, 'g')
      await new Promise(resolve => setTimeout(resolve, 110))
      await Promise.all([beat(connection, 'g'), beat(connection, 'g')])
      const round = ['SaslHandshake', 'SaslAuthenticate', 'Heartbeat']
      expect(order).toEqual([...round, ...round, 'Heartbeat'])
      expect(broker.connections).toBe(1)
    })

    it('names what the broker offers instead', async () => {
      broker = await scriptedBroker(all)
      broker.onRequest = ({ answer }) =>
        answer(saslHandshake, { errorCode: 33, mechanisms: ['SCRAM-SHA-512', 'GSSAPI'] })
      await expect(open({}, mechanism)).rejects.toThrow(
        /refused PLAIN: UNSUPPORTED_SASL_MECHANISM, it offers SCRAM-SHA-512, GSSAPI; check sasl.mechanism/,
      )
    })

    it('a refusal is final and holds no secret', async () => {
      broker = await scriptedBroker(all)
      broker.onRequest = ({ api, answer }) => {
        if (api === saslHandshake) answer(saslHandshake, { mechanisms: ['PLAIN'] })
        else answer(saslAuthenticate, { errorCode: 58, errorMessage: 'Invalid credentials' })
      }
      const error = await open({}, mechanism).catch(found => found)
      expect(error).toMatchObject({ kind: 'AUTHENTICATION', retriable: false })
      expect(error.message).toMatch(/Invalid credentials/)
      expect(error.message).not.toMatch(/secret/)
    })
  })
})
