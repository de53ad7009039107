import { open, readFile, rename } from 'node:fs/promises'
import type { Log } from '../api/context.ts'
import { isJavaOffsets, readJavaOffsets } from './java-offsets.ts'
import { type Entry, LineLog, type Replacement } from './line-log.ts'
import { allOffsets, offsetEntries, readOffsets } from './offset-entries.ts'
import type { OffsetStore } from './ports.ts'

const copyDurably = async (content: Buffer, path: string): Promise<void> => {
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

/**
 * The entries of a file of Kafka Connect's standalone worker; its copy stays beside it as `.java`. The file itself stays until
 * ours has its name: a crash between loses nothing (invariant 6).
 */
const takeOver = async (path: string, log: Log): Promise<Replacement | undefined> => {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (content === undefined || !isJavaOffsets(content)) return undefined
  let entries: Entry[]
  try {
    entries = readJavaOffsets(content)
  } catch (cause) {
    throw new Error(
      `${path} looks like an offset file of Kafka Connect but cannot be read: ${(cause as Error).message}`,
      { cause },
    )
  }
  await copyDurably(content, `${path}.java`)
  log.info('Took over the offsets of a Kafka Connect standalone worker', {
    file: path,
    copy: `${path}.java`,
    offsets: entries.length,
  })
  return { entries }
}

/** Offsets in a file (`offset.storage.file.filename`). */
export const fileOffsetStore = (path: string, log: Log): OffsetStore => {
  let file: LineLog | undefined
  const started = (): LineLog => {
    if (file === undefined) throw new Error('The offset store is not started')
    return file
  }
  return {
    async start() {
      file = await LineLog.open(path, await takeOver(path, log))
    },
    async stop() {
      await file?.close()
      file = undefined
    },
    get: async (connector, partitions) => readOffsets(key => started().get(key), connector, partitions),
    all: async connector => allOffsets(started().entries(), connector),
    put: (connector, offsets) => started().write(offsetEntries(connector, offsets)),
  }
}
