import { copyFile, readFile, rm } from 'node:fs/promises'
import type { Log } from '../api/context.ts'
import { isJavaOffsets, readJavaOffsets } from './java-offsets.ts'
import { type Entry, LineLog } from './line-log.ts'
import { allOffsets, offsetEntries, readOffsets } from './offset-entries.ts'
import type { OffsetStore } from './ports.ts'

/** Takes over a file of Kafka Connect's standalone worker; its copy stays beside it as `.java`. */
const takeOver = async (path: string, log: Log): Promise<Entry[]> => {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (content === undefined || !isJavaOffsets(content)) return []
  let entries: Entry[]
  try {
    entries = readJavaOffsets(content)
  } catch (cause) {
    throw new Error(
      `${path} looks like an offset file of Kafka Connect but cannot be read: ${(cause as Error).message}`,
      { cause },
    )
  }
  await copyFile(path, `${path}.java`)
  await rm(path)
  log.info('Took over the offsets of a Kafka Connect standalone worker', {
    file: path,
    copy: `${path}.java`,
    offsets: entries.length,
  })
  return entries
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
