import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { GroupCoordinator } from '../../../../runtime/kafka/cluster/coordinator.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'
import { findCoordinator } from '../../../../runtime/protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../../../runtime/protocol/messages/heartbeat.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { saslHandshake } from '../../../../runtime/protocol/messages/sasl-handshake.ts'
import { type Asked, type ScriptedBroker, scriptedBroker } from '../connection/scripted-broker.ts'

const brokers: ScriptedBroker[] = []
const clusters: Cluster[] = []
const broker = async (): Promise<ScriptedBroker> => {
  const made = await scriptedBroker([metadata, findCoordinator, heartbeat])
  brokers.push(made)
  return made
}
const clusterOn = (bootstrap: string): Cluster => {
  const quick = { 'retry.backoff.ms': '5', 'reconnect.backoff.ms': '5', 'reconnect.backoff.max.ms': '20' }
  const cluster = new Cluster(clientConfig({ 'bootstrap.servers': bootstrap, ...quick }))
  clusters.push(cluster)
  return cluster
}
const names = (...list: ScriptedBroker[]) => list.map(({ host, port }, i) => ({ nodeId: i + 1, host, port }))

afterEach(async () => {
  await Promise.all(clusters.splice(0).map(cluster => cluster.close()))
  await Promise.all(brokers.splice(0).map(one => one.close()))
})

describe('cluster', () => {
  it('finds a bootstrap server that answers', async () => {
    const [dead, alive] = [await broker(), await broker()]
    await dead.close()
    alive.onRequest = ({ answer }) => answer(metadata, { brokers: names(alive), clusterId: 'c' })
    const cluster = clusterOn(`${dead.bootstrap},${alive.bootstrap}`)
    await cluster.refresh()
    expect(cluster.metadata.clusterId).toBe('c')
  })

  it('says of every server why it cannot be reached', async () => {
    const [a, b] = [await broker(), await broker()]
    await Promise.all([a.close(), b.close()])
    const failing = clusterOn(`${a.bootstrap},${b.bootstrap}`).refresh()
    await expect(failing).rejects.toThrow(/bootstrap.servers/)
    await expect(failing).rejects.toThrow(new RegExp(`(${a.port}.*${b.port})|(${b.port}.*${a.port})`))
  })

  it('asks the bootstrap servers again when all it knows are gone', async () => {
    const [first, known, second] = [await broker(), await broker(), await broker()]
    first.onRequest = ({ answer }) => answer(metadata, { brokers: names(known), clusterId: 'before' })
    second.onRequest = ({ socket }) => socket.destroy()
    const cluster = clusterOn(`${first.bootstrap},${second.bootstrap}`)
    while (cluster.metadata.clusterId !== 'before') await cluster.refresh().catch(() => {})
    second.onRequest = ({ answer }) => answer(metadata, { brokers: names(second), clusterId: 'after' })
    await Promise.all([first.close(), known.close()])
    await cluster.refresh().catch(() => cluster.refresh())
    expect(cluster.metadata.clusterId).toBe('after')
  })

  describe('closes at once though a connection is being opened', () => {
    const closes = async (cluster: Cluster, isOpening = () => true): Promise<void> => {
      const opening = cluster.refresh()
      await vi.waitFor(() => expect(isOpening()).toBe(true))
      await Promise.all([cluster.close(), expect(opening).rejects.toMatchObject({ kind: 'CLOSED' })])
    }
    const silent = async (): Promise<{ readonly address: string; readonly sockets: Set<Socket> }> => {
      const sockets = new Set<Socket>()
      const server = createServer(socket => sockets.add(socket))
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
      return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
    }

    it('to a broker that says nothing', async () => {
      const { address, sockets } = await silent()
      await closes(new Cluster(clientConfig({ 'bootstrap.servers': address })), () => sockets.size === 1)
    })

    it('after the backoff of an earlier failure', async () => {
      const dead = await broker()
      await dead.close()
      const settings = { 'bootstrap.servers': dead.bootstrap, 'reconnect.backoff.ms': '60000' }
      const cluster = new Cluster(clientConfig(settings))
      await expect(cluster.refresh()).rejects.toMatchObject({ kind: 'CONNECTION' })
      await closes(cluster)
    })

    it('with a token that does not come', async () => {
      const { address, sockets } = await silent()
      const asking = await scriptedBroker([metadata, saslHandshake])
      brokers.push(asking)
      asking.onRequest = ({ answer }) => answer(saslHandshake, { mechanisms: ['OAUTHBEARER'] })
      const settings = {
        'bootstrap.servers': asking.bootstrap,
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.oauthbearer.token.endpoint.url': `http://${address}/token`,
        'sasl.login.retry.backoff.max.ms': '100',
        'sasl.jaas.config': 'Login required clientId="me" clientSecret="secret";',
      }
      await closes(new Cluster(clientConfig(settings)), () => sockets.size === 1)
    })
  })

  it('puts nobody off for those who ask again and again', async () => {
    const one = await broker()
    one.onRequest = ({ answer }) => answer(metadata, { brokers: names(one) })
    const cluster = clusterOn(one.bootstrap)
    let done = false
    const busy = (async () => {
      while (!done) await cluster.refresh()
    })()
    await cluster.refresh()
    done = true
    await busy
  })

  it('reads the metadata once for many who ask, and again for who asks meanwhile', async () => {
    const one = await broker()
    const asked: Asked[] = []
    one.onRequest = request => asked.push(request)
    const cluster = clusterOn(one.bootstrap)
    const give = async (count: number): Promise<void> => {
      while (asked.length < count) await new Promise(resolve => setImmediate(resolve))
      asked[count - 1]!.answer(metadata, { brokers: names(one) })
    }
    const first = cluster.refresh()
    const meanwhile = [cluster.refresh(), cluster.refresh()]
    await give(1)
    await first
    await give(2)
    await Promise.all(meanwhile)
    expect(asked.length).toBe(2)
  })

  it('opens one connection per broker and lane, however many ask', async () => {
    const one = await broker()
    one.onRequest = ({ answer }) => answer(metadata, { brokers: names(one) })
    const cluster = clusterOn(one.bootstrap)
    await cluster.refresh()
    const before = one.connections
    const [a, b, c] = await Promise.all([
      cluster.connect(1, 'fetch'),
      cluster.connect(1, 'fetch'),
      cluster.connect(1, 'tail'),
    ])
    expect([a === b, a === c, one.connections - before]).toEqual([true, false, 2])
    expect(cluster.connected(1, 'fetch')).toBe(a)
    await expect(cluster.connect(9, 'main')).rejects.toThrow(/Node 9/)
    await cluster.close()
    expect([a.isOpen, c.isOpen]).toEqual([false, false])
    await expect(cluster.connect(1, 'main')).rejects.toMatchObject({ kind: 'CLOSED' })
  })

  it('creates topics by asking for them only when told so', async () => {
    const one = await broker()
    const allowed: unknown[] = []
    one.onRequest = ({ answer, body }) => {
      allowed.push((body as { allowAutoTopicCreation: boolean }).allowAutoTopicCreation)
      answer(metadata, { brokers: names(one) })
    }
    const cluster = clusterOn(one.bootstrap)
    cluster.watch(['t'])
    await cluster.refresh()
    cluster.watch(['t'], true)
    await cluster.refresh()
    expect(allowed).toEqual([false, true])
  })
})

describe('group coordinator', () => {
  it('is found, kept, and looked for again when it has moved', async () => {
    const [a, b] = [await broker(), await broker()]
    let coordinator = 1
    let finds = 0
    const script =
      (self: number) =>
      ({ api, answer, body }: Asked): void => {
        if (api === metadata) answer(metadata, { brokers: names(a, b) })
        else if (api === findCoordinator) {
          finds++
          const [key] = (body as { coordinatorKeys: string[] }).coordinatorKeys
          const { host, port } = names(a, b)[coordinator - 1]!
          answer(findCoordinator, {
            coordinators: [{ key: key!, nodeId: coordinator, host, port, errorMessage: null }],
          })
        } else answer(heartbeat, { errorCode: self === coordinator ? 0 : 16 })
      }
    a.onRequest = script(1)
    b.onRequest = script(2)
    const group = new GroupCoordinator(clusterOn(a.bootstrap), 'g')
    const beat = async (): Promise<void> => {
      const { errorCode } = await group.request(heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' })
      group.check(errorCode, { api: 'Heartbeat' })
    }
    await beat()
    await beat()
    expect(finds).toBe(1)
    coordinator = 2
    await expect(beat()).rejects.toMatchObject({ kafkaCode: 'NOT_COORDINATOR', retriable: true })
    await beat()
    expect(finds).toBe(2)
  })
})
