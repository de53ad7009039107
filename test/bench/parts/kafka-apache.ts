import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { startChild, untilUp } from '../processes.ts'
import type { KafkaPart } from './kafka.ts'
import { freePorts } from './ports.ts'

const answers = (port: number): Promise<true | undefined> =>
  new Promise(resolve => {
    const socket = connect(port, 'localhost')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(undefined))
  })

/** One broker of Apache Kafka (KRaft) with the heap and collector of its start script. */
export async function startApacheBroker(jars: string, folder: string): Promise<KafkaPart> {
  await mkdir(folder, { recursive: true })
  const [port, controllerPort] = await freePorts(2)
  const file = join(folder, 'server.properties')
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@localhost:${controllerPort}`,
    listeners: `PLAINTEXT://localhost:${port},CONTROLLER://localhost:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://localhost:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    // Topics of a run that has ended go at once: they are large.
    'log.segment.delete.delay.ms': '1000',
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(file, lines.join(''))
  const java = (...args: string[]) => ['-cp', `${jars}/*`, ...args]
  const id = randomBytes(16).toString('base64url')
  execFileSync('java', ['-Xmx256m', ...java('kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '-c', file)], {
    stdio: 'pipe',
  })
  const flags = ['-Xmx1G', '-Xms1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']
  const child = await startChild(['java', ...flags, ...java('kafka.Kafka', file)], join(folder, 'broker.log'))
  await untilUp(child, 'Apache Kafka', 90_000, 100, async () =>
    child.output().includes('Kafka Server started') ? answers(port!) : undefined,
  )
  return { kind: 'apache', bootstrap: `localhost:${port}`, pid: child.pid, stop: () => child.stop() }
}
