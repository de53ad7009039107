import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../runtime/api/context.ts'
import { type Broker, startBroker } from '../../runtime/broker/broker.ts'

export interface TestBroker {
  /** The one that runs now; another after `restart`. */
  readonly broker: Broker
  readonly dataDir: string
  /** What the broker said from level warn on. */
  readonly warnings: string[]
  /** Stops it and starts it again on the same folder and port. */
  restart(): Promise<void>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

/** An embedded broker in a folder of its own. */
export async function testBroker(settings: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  const warnings: string[] = []
  const note = (message: string, details?: Readonly<Record<string, unknown>>) => {
    warnings.push(`${message} ${JSON.stringify(details ?? {})}`)
  }
  const log: Log = { debug: () => {}, info: () => {}, warn: note, error: note }
  let broker = await startBroker({ dataDir, settings, log })
  return {
    get broker() {
      return broker
    },
    dataDir,
    warnings,
    async restart() {
      const { port } = broker
      await broker.close()
      broker = await startBroker({ dataDir, settings, log, port })
    },
    async remove() {
      await broker.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
