import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '../../runtime/kafka/connection/connection.ts'
import { clientConfig } from '../../runtime/kafka/settings.ts'

export interface ApacheBroker {
  readonly id: number
  readonly port: number
  /** For listeners of the settings: `EXTRA0` to `EXTRA3` there. */
  readonly extraPorts: readonly number[]
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM: leaders move away first. */
  stop(): Promise<void>
  /** Starts it again on the same port and data; resolves when it answers. */
  start(): Promise<void>
}

export interface ApacheKafka {
  readonly bootstrap: string
  readonly brokers: readonly ApacheBroker[]
  close(): Promise<void>
}

export interface ApacheKafkaOptions {
  readonly brokers?: number
  /** Added to or put in place of the server's settings. `PORT`, `CONTROLLER_PORT`, `EXTRA0` ... in a value become the broker's ports. */
  readonly settings?: Readonly<Record<string, string>>
  /** Arguments of `StorageTool format`, for instance `--add-scram`. */
  readonly format?: readonly string[]
  /** How the readiness check connects. */
  readonly client?: Readonly<Record<string, string>>
}

/** The jars of Apache Kafka: MILLRACE_KAFKA_LIBS, as `npm run test:real` sets it. */
export function kafkaLibs(): string {
  const libs = process.env['MILLRACE_KAFKA_LIBS']
  if (libs === undefined) throw new Error('MILLRACE_KAFKA_LIBS is not set: run the tests with npm run test:real')
  return libs
}

/** Runs one of Kafka's command line tools to its end; returns what it printed. */
export function kafkaTool(mainClass: string, args: readonly string[], input?: string): string {
  const command = ['-Xmx256m', '-cp', `${kafkaLibs()}/*`, mainClass, ...args]
  const result = spawnSync('java', command, { encoding: 'utf8', ...(input === undefined ? {} : { input }) })
  if (result.status !== 0) throw new Error(`${mainClass} failed: ${result.stderr}${result.stdout}`)
  return result.stdout
}

const EXTRA_PORTS = 4

/** A KRaft cluster of combined brokers on free ports in a folder of its own; replication factors fit its size. */
export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  kafkaLibs()
  const count = options.brokers ?? 1
  const dir = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const ports = await freePorts(count * (2 + EXTRA_PORTS))
  const nodes = Array.from({ length: count }, (_, i) => {
    const [port, controllerPort, ...extraPorts] = ports.slice(i * (2 + EXTRA_PORTS), (i + 1) * (2 + EXTRA_PORTS))
    return { id: i + 1, port: port!, controllerPort: controllerPort!, extraPorts }
  })
  const clusterId = Buffer.from(crypto.randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
  const replicas = String(Math.min(count, 3))
  const defaults = {
    'process.roles': 'broker,controller',
    'controller.quorum.voters': nodes.map(node => `${node.id}@localhost:${node.controllerPort}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': replicas,
    'default.replication.factor': replicas,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
  }
  const brokers: ApacheBroker[] = []
  const processes = new Map<number, ChildProcess>()
  for (const node of nodes) {
    const settings = {
      ...defaults,
      'node.id': String(node.id),
      listeners: `PLAINTEXT://localhost:${node.port},CONTROLLER://localhost:${node.controllerPort}`,
      'log.dirs': join(dir, `data-${node.id}`),
      ...Object.fromEntries(
        Object.entries(options.settings ?? {}).map(([key, value]) => [
          key,
          value
            .replaceAll('CONTROLLER_PORT', String(node.controllerPort))
            .replaceAll(/EXTRA(\d)/g, (_, i) => String(node.extraPorts[Number(i)]))
            .replaceAll(/:\/\/localhost:PORT/g, `://localhost:${node.port}`),
        ]),
      ),
    }
    const file = join(dir, `server-${node.id}.properties`)
    await writeFile(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    )
    kafkaTool('kafka.tools.StorageTool', ['format', `--cluster-id=${clusterId}`, '-c', file, ...(options.format ?? [])])
    const output = join(dir, `server-${node.id}.log`)
    const launch = async (): Promise<void> => {
      const java = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', `${kafkaLibs()}/*`, 'kafka.Kafka', file]
      const child = spawn('java', java, { stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout.on('data', chunk => appendFileSync(output, chunk))
      child.stderr.on('data', chunk => appendFileSync(output, chunk))
      processes.set(node.id, child)
      await ready(node.port, child, output, options.client ?? {})
    }
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      const child = processes.get(node.id)
      processes.delete(node.id)
      if (child === undefined || child.exitCode !== null) return
      const exited = new Promise(resolve => child.once('exit', resolve))
      child.kill(signal)
      await exited
    }
    brokers.push({
      id: node.id,
      port: node.port,
      extraPorts: node.extraPorts,
      kill: () => end('SIGKILL'),
      stop: () => end('SIGTERM'),
      start: launch,
    })
  }
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map(broker => broker.kill()))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await Promise.all(brokers.map(broker => broker.start()))
  } catch (error) {
    await close()
    throw error
  }
  return { bootstrap: nodes.map(node => `localhost:${node.port}`).join(','), brokers, close }
}

async function ready(
  port: number,
  child: ChildProcess,
  output: string,
  client: Readonly<Record<string, string>>,
): Promise<void> {
  const end = Date.now() + 90_000
  const config = clientConfig({ 'bootstrap.servers': `localhost:${port}`, ...client })
  const { saslMechanism } = await import('../../runtime/kafka/connection/sasl.ts')
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > end) {
      const text = await readFile(output, 'utf8').catch(() => '')
      throw new Error(`Kafka on port ${port} did not start:\n${text.slice(-4000)}`)
    }
    try {
      const connection = await Connection.open(
        { host: 'localhost', port },
        -1,
        config,
        saslMechanism(config, undefined),
      )
      connection.close()
      return
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().on('error', reject)
          server.listen(0, 'localhost', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
