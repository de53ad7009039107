import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from './parts/ports.ts'
import { Worker } from './worker.ts'

export interface WorkerSettings {
  /** `bootstrap.servers`. */
  readonly bootstrap: string
  /** A folder of this run: properties, offsets, log. */
  readonly folder: string
  /** Start the published package (`dist`) instead of the sources. Kafka Connect has one form only. */
  readonly built?: boolean
  /** Kafka Connect: without Debezium's jars on its plugin path. */
  readonly bare?: boolean
  /** The `group.id` of the cluster it joins; Millrace without one is standalone, Kafka Connect a cluster of one. */
  readonly group?: string
}

/** Something that runs workers. */
export interface Subject {
  readonly kind: 'millrace' | 'jvm'
  /** The checkout; undefined for the JVM. */
  readonly tree: string | undefined
  /** The folder of Kafka Connect's classes; the JVM only. */
  readonly jars?: string
  start(settings: WorkerSettings): Promise<Worker>
}

const converter = 'org.apache.kafka.connect.json.JsonConverter'

// What both are given. The interval is that of the rig which measured the JVM before: 10 s.
const alike = (bootstrap: string, port: number): Record<string, string> => ({
  'bootstrap.servers': bootstrap,
  'key.converter': converter,
  'value.converter': converter,
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
  'offset.flush.interval.ms': '10000',
  listeners: `http://127.0.0.1:${port}`,
})

const clusterOf = (group: string): Record<string, string> => ({
  'group.id': group,
  'offset.storage.topic': `${group}-offsets`,
  'offset.storage.replication.factor': '1',
  'offset.storage.partitions': '25',
  'config.storage.topic': `${group}-configs`,
  'config.storage.replication.factor': '1',
  'status.storage.topic': `${group}-status`,
  'status.storage.replication.factor': '1',
  'status.storage.partitions': '5',
})

// Nothing is waited for: what is compared is how long the rest takes.
const sharedGroup = (group: string) => ({ ...clusterOf(group), 'scheduled.rebalance.max.delay.ms': '0' })

const write = async (folder: string, properties: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'worker.properties')
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
  await writeFile(file, lines.join(''))
  return file
}

/** A checkout of Millrace with its node_modules. Throws an Error when `tree` is none. */
export function millrace(tree: string): Subject {
  const source = join(tree, 'bin', 'millrace.mjs')
  const built = join(tree, 'dist', 'bin', 'millrace.js')
  if (!existsSync(source)) throw new Error(`${tree} is no checkout of Millrace: bin/millrace.mjs is not there`)
  return {
    kind: 'millrace',
    tree,
    async start(settings) {
      const [port] = await freePorts(1)
      const { folder } = settings
      const file = await write(folder, {
        ...alike(settings.bootstrap, port!),
        ...(settings.group === undefined
          ? { 'offset.storage.file.filename': join(folder, 'offsets') }
          : sharedGroup(settings.group)),
      })
      const command = [process.execPath, settings.built ? built : source, 'worker', file]
      return Worker.start(command, port!, join(folder, 'worker.log'), 4)
    },
  }
}

// As Kafka's own start scripts start a distributed worker.
const jvmFlags = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
  '-Dcom.sun.management.jmxremote=true',
  '-Dcom.sun.management.jmxremote.authenticate=false',
  '-Dcom.sun.management.jmxremote.ssl=false',
]

/** Apache Kafka Connect, distributed, a cluster of one; `plugins` is its plugin.path. */
export function kafkaConnect(jars: string, plugins: string): Subject {
  let started = 0
  return {
    kind: 'jvm',
    tree: undefined,
    jars,
    async start(settings) {
      const [port] = await freePorts(1)
      const { folder } = settings
      // Its own group and topics each time: nothing of an earlier run is taken up.
      const own = `bench-connect-${process.pid}-${++started}`
      const file = await write(folder, {
        ...alike(settings.bootstrap, port!),
        ...(settings.group === undefined ? clusterOf(own) : sharedGroup(settings.group)),
        'plugin.discovery': 'hybrid_warn',
        ...(settings.bare ? {} : { 'plugin.path': plugins }),
      })
      const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
      const command = ['java', ...jvmFlags, '-cp', `${jars}/*`, main, file]
      return Worker.start(command, port!, join(folder, 'worker.log'), 25)
    },
  }
}
