import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '../../../runtime/broker/broker.ts'
import { startSchemaRegistry } from '../../../runtime/schema-registry/server.ts'
import { memoryStore } from '../../../runtime/schema-registry/store.ts'
import { recordingLog } from '../../support/fakes/log.ts'
import { freePort } from '../../support/free-port.ts'

/** A schema registry: ours, or one that somebody else wrote. */
export interface Registry {
  readonly url: string
  close(): Promise<void>
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill()
  await ended
}

const answering = async (url: string, child: ChildProcess): Promise<void> => {
  const deadline = performance.now() + 90_000
  const answers = () =>
    fetch(`${url}/subjects`).then(
      response => response.ok,
      () => false,
    )
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`The registry at ${url} ended with status ${child.exitCode}`)
    if (performance.now() > deadline) throw new Error(`The registry at ${url} did not start in 90 s`)
    await delay(100)
  }
}

/** Apicurio Registry with its H2 in memory; `folder` is what `scripts/real-parts.mjs` unpacked. */
export const startApicurio = async (folder: string): Promise<Registry> => {
  const port = await freePort()
  const args = ['-Xmx300m', '-XX:TieredStopAtLevel=1', `-Dquarkus.http.port=${port}`, '-Dquarkus.http.host=127.0.0.1']
  const child = spawn('java', [...args, '-jar', join(folder, 'apicurio-registry-app-2.6.13.Final-runner.jar')], {
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  await answering(url, child)
  // Like Confluent's, which checks backward unless told otherwise; Apicurio's default is not to check.
  await fetch(`${url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  })
  return { url, close: () => end(child) }
}

/** Karapace on an embedded broker; `python` is an interpreter that has it. */
export const startKarapace = async (python: string): Promise<Registry> => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-karapace-'))
  const broker = await startBroker({ dataDir: folder, log: recordingLog() })
  const port = await freePort()
  const settings = {
    BOOTSTRAP_URI: broker.bootstrap,
    HOST: '127.0.0.1',
    PORT: String(port),
    ADVERTISED_HOSTNAME: '127.0.0.1',
    ADVERTISED_PORT: String(port),
    KARAPACE_REGISTRY: 'true',
    KARAPACE_REST: 'false',
    COMPATIBILITY: 'BACKWARD',
  }
  const child = spawn(python, ['-m', 'karapace'], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`KARAPACE_${name}`, value])),
    },
  })
  const url = `http://127.0.0.1:${port}`
  await answering(url, child)
  // It takes writes once it is master for good.
  const isMaster = async () => {
    const answer = await fetch(`${url}/master_available`)
    return answer.ok && ((await answer.json()) as { master_available?: boolean }).master_available === true
  }
  while (!(await isMaster())) await delay(100)
  return {
    url,
    async close() {
      await end(child)
      await broker.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const embedded = 'the embedded registry'

const { MILLRACE_APICURIO: apicurio, MILLRACE_KARAPACE: karapace } = process.env

/** Those that are there: Karapace is in no package registry, so it takes part where MILLRACE_KARAPACE names a Python that has it. */
export const registries: readonly { readonly name: string; readonly start: () => Promise<Registry> }[] = [
  { name: embedded, start: () => startSchemaRegistry({ store: memoryStore() }) },
  ...(apicurio === undefined ? [] : [{ name: 'Apicurio Registry', start: () => startApicurio(apicurio) }]),
  ...(karapace === undefined ? [] : [{ name: 'Karapace', start: () => startKarapace(karapace) }]),
]
