import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, untilUp } from '../processes.ts'
import type { KafkaPart } from './kafka.ts'

/** The embedded broker of a checkout, in a process of its own. */
export async function startEmbeddedBroker(tree: string, folder: string): Promise<KafkaPart> {
  await mkdir(folder, { recursive: true })
  const command = [process.execPath, join(tree, 'bin', 'millrace.mjs'), 'broker', '--port', '0']
  const child = await startChild([...command, '--data', join(folder, 'data')], join(folder, 'broker.log'))
  const bootstrap = await untilUp(child, 'The embedded broker', 30_000, 20, async () => {
    return /\bat ((?:[\w.]+|\[[\da-f:]+\]):\d+)/.exec(child.output())?.[1]
  })
  return { kind: 'embedded', bootstrap, pid: child.pid, stop: () => child.stop() }
}
