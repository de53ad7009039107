import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'
import { ask, type ClusterWorker, idOf, numberedLines, partsOf, runOn, statuses } from '../../support/cluster-rest.ts'
import { type JavaConnect, startJavaConnect } from '../../support/java-connect.ts'
import { command, eventually, stringConverter, World } from '../../support/pipeline-world.ts'

let kafka: ApacheKafka
let world: World
let exactlyOnce = ''
beforeEach(async () => {
  world = await World.create()
  kafka = await startApacheKafka()
  world.after(() => kafka.close())
})
afterEach(() => world.close())

/** The same for both makes. */
const properties = () => ({
  'bootstrap.servers': kafka.bootstrap,
  'group.id': 'mixed',
  'key.converter': stringConverter,
  'value.converter': stringConverter,
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
  'offset.storage.partitions': '5',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '500',
  'offset.flush.interval.ms': '500',
  'scheduled.rebalance.max.delay.ms': '1000',
  'exactly.once.source.support': exactlyOnce,
})
const java = async (name: string): Promise<JavaConnect> => {
  const worker = await startJavaConnect(join(world.folder, name), properties())
  world.after(() => worker.kill())
  return worker
}
const millrace = async (name: string): Promise<WorkerProcess> => {
  // What tasks cost stands behind the JVM's metadata: it reads on regardless.
  const more = { listeners: 'http://127.0.0.1:0', 'task.threads': '1', 'millrace.assignor.load': 'true' }
  const folder = join(world.folder, name)
  const worker = await WorkerProcess.start({ command, folder, properties: { ...properties(), ...more } })
  world.after(() => worker.kill())
  return worker
}

const shared = async (what: string, ...workers: readonly ClusterWorker[]): Promise<void> => {
  await eventually(
    `${what}: everything runs on ${workers.length}`,
    () => statuses(workers[0]!),
    all => runOn(8, workers)(all) && workers.every(one => partsOf(all).some(part => part.worker_id === idOf(one))),
    90_000,
  )
}

test.each(['disabled', 'enabled'])(
  'JVM workers and ours in one group: joins, leaves, config changes, and either takes over from the other; exactly-once sources %s',
  async support => {
    exactlyOnce = support
    const path = (name: string) => join(world.folder, name)
    const arrived = async (n: number) =>
      (await readFile(path(`out-${n}`), 'utf8').catch(() => '')).split('\n').filter(line => line !== '')
    const all = async (count: number) => {
      for (const n of [0, 1])
        await eventually(
          `all ${count} lines of ${n}`,
          () => arrived(n),
          out => new Set(out).size === count,
          60_000,
        )
    }
    let written = 0
    const more = async () => {
      for (const n of [0, 1]) await appendFile(path(`in-${n}`), numberedLines(written, 50))
      written += 50
    }

    // A cluster of the JVM's.
    const firstJava = await java('java-0')
    for (const n of [0, 1]) {
      await writeFile(path(`in-${n}`), '')
      const source = { 'connector.class': 'FileStreamSource', topic: `t${n}`, file: path(`in-${n}`) }
      const sink = { 'connector.class': 'FileStreamSink', topics: `t${n}`, file: path(`out-${n}`) }
      for (const [name, config] of [
        [`source-${n}`, source],
        [`sink-${n}`, sink],
      ] as const)
        await eventually(
          `${name} is there`,
          () => ask(firstJava, 'PUT', `/connectors/${name}/config`, config),
          ({ status }) => status === 201,
        )
    }
    await more()
    await shared('JVM alone', firstJava)
    await all(written)

    // Ours joins; the JVM leads.
    const ours = await millrace('ours-0')
    await shared('JVM leads', firstJava, ours)
    await more()
    await all(written)
    for (const name of ['sink-0', 'sink-1', 'source-0', 'source-1']) {
      // Whoever owns the connector pushes its tasks to the leader, signed.
      const { status } = await eventually(
        `${name} is changed`,
        () => ask(ours, 'PATCH', `/connectors/${name}/config`, { 'errors.log.enable': 'true' }),
        answer => answer.status !== 409,
      )
      expect(status).toBe(200)
      await eventually(
        `the task of ${name} has the change`,
        async () => (await ask(firstJava, 'GET', `/connectors/${name}/tasks`)).body,
        body => JSON.stringify(body).includes('errors.log.enable'),
        60_000,
      )
    }
    await shared('after changes', ours, firstJava)
    await more()
    await all(written)

    // The JVM's leave: all is ours, from where it was.
    await firstJava.stop()
    await shared('ours alone', ours)
    await more()
    await all(written)

    // A JVM's joins; ours leads.
    const secondJava = await java('java-1')
    await shared('ours leads', ours, secondJava)
    for (const name of ['sink-0', 'sink-1', 'source-0', 'source-1']) {
      const { status } = await eventually(
        `${name} is changed back`,
        () => ask(secondJava, 'PATCH', `/connectors/${name}/config`, { 'errors.log.enable': 'false' }),
        answer => answer.status !== 409,
      )
      expect(status).toBe(200)
      await eventually(
        `the task of ${name} has the change`,
        async () => (await ask(ours, 'GET', `/connectors/${name}/tasks`)).body,
        body => JSON.stringify(body).includes('"errors.log.enable":"false"'),
        60_000,
      )
    }
    await shared('after changes back', secondJava, ours)
    await more()
    await all(written)

    // Ours leaves: the JVM goes on where we were.
    await ours.stop()
    await shared('JVM again', secondJava)
    await more()
    await all(written)
  },
  600_000,
)
