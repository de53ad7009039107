import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kafkaLibs } from './apache-kafka.ts'

export interface JavaConnect {
  /** Base URL of its REST, once it listens. */
  readonly rest: string
  readonly pid: number
  /** SIGTERM; SIGKILL after 30 s. */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** A distributed worker of Apache Kafka Connect, from the jars of Apache Kafka; resolves when its REST listens. */
export const startJavaConnect = async (
  folder: string,
  properties: Readonly<Record<string, string>>,
): Promise<JavaConnect> => {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'connect.properties')
  await writeFile(
    file,
    Object.entries({ ...properties, listeners: 'http://127.0.0.1:0' })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const child = spawn(
    'java',
    [
      '-Xmx512m',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${kafkaLibs()}/*`,
      'org.apache.kafka.connect.cli.ConnectDistributed',
      file,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  let log = ''
  const rest = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => fail('did not listen within 120 s'), 120_000)
    const fail = (what: string) => {
      clearTimeout(late)
      child.kill('SIGKILL')
      reject(new Error(`The Java worker ${what}:\n${log.slice(-4000)}`))
    }
    const read = (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-200_000)
      const url = /REST server listening at (http:\/\/[\d.]+:\d+)/.exec(log)
      if (url === null) return
      clearTimeout(late)
      resolve(url[1]!)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', code => fail(`ended with ${code}`))
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000)
    child.kill(signal)
    await exited
    clearTimeout(late)
  }
  return { rest, pid: child.pid!, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}
