import { type FileHandle, open, stat } from 'node:fs/promises'
import { ConnectError, c, defineSource, pause, type SourceRecord, s } from 'millrace'
import { type Line, LineSplitter } from './lines.ts'
import { readStdin } from './stdin.ts'

const version = '4.3.0'
const chunkBytes = 256 * 1024
const lookAgainMs = 250
const valueSchema = s.string()

const startOf = (offset: Readonly<Record<string, unknown>> | undefined): number => {
  const position = offset?.['position']
  if (position === undefined || position === null) return 0
  const number = Number(position)
  if ((typeof position !== 'number' && typeof position !== 'bigint') || !Number.isSafeInteger(number) || number < 0) {
    throw new ConnectError(
      `The stored offset has position ${JSON.stringify(String(position))}, which is no byte position: set it with PATCH /connectors/{name}/offsets, or reset it`,
    )
  }
  return number
}

/** Follows one file like `tail -F`: appended bytes, a file that comes later, is cut short or replaced. */
async function* followFile(
  path: string,
  from: number,
  signal: AbortSignal,
  note: (message: string) => void,
): AsyncGenerator<readonly Line[], void, void> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes)
  let handle: FileHandle | undefined
  let position = from
  let splitter = new LineSplitter(path, position)
  let missed = false
  let replaced = false
  /** The line that nobody will end any more counts too (invariant 4). */
  const startAgain = async (why: string): Promise<readonly Line[]> => {
    note(`${path} ${why}: reading from its beginning`)
    await handle?.close()
    handle = undefined
    const rest = splitter.rest()
    position = 0
    splitter = new LineSplitter(path, 0)
    replaced = false
    return rest
  }
  try {
    while (!signal.aborted) {
      try {
        handle ??= await open(path, 'r')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error)
        if (!missed) note(`${path} is not there: waiting for it`)
        missed = true
        await pause(lookAgainMs, signal)
        continue
      }
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position).catch(error => {
        throw unreadable(path, error)
      })
      if (bytesRead > 0) {
        position += bytesRead
        const lines = splitter.push(buffer.subarray(0, bytesRead))
        if (lines.length > 0) yield lines
        continue
      }
      const own = await handle.stat()
      if (own.size < position) yield await startAgain('has become shorter')
      else if (replaced) yield await startAgain('was replaced')
      else {
        const named = await stat(path).catch(() => undefined)
        // Once more to its end before it is left: what was appended since the last read, and by a writer who has it still open.
        replaced = named !== undefined && (named.ino !== own.ino || named.dev !== own.dev)
        await pause(lookAgainMs, signal)
      }
    }
  } finally {
    await handle?.close()
  }
}

/** The first lines of a file as it is. */
const firstLines = async (path: string, count: number): Promise<readonly Line[]> => {
  const splitter = new LineSplitter(path, 0)
  const lines: Line[] = []
  const handle = await open(path, 'r').catch(error => {
    throw unreadable(path, error)
  })
  try {
    while (lines.length < count) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes)
      if (bytesRead === 0) break
      lines.push(...splitter.push(buffer.subarray(0, bytesRead)))
    }
  } finally {
    await handle.close()
  }
  return lines.slice(0, count)
}

/** Records of lines, as Kafka Connect's connector makes them. */
const recordsOf = (topic: string, file: string | undefined, lines: readonly Line[]): SourceRecord[] => {
  const timestamp = Date.now()
  const sourcePartition = { filename: file ?? null }
  return lines.map(({ text, end }) => ({
    topic,
    sourcePartition,
    // Standard input cannot be opened at a position again.
    sourceOffset: { position: file === undefined ? null : end },
    valueSchema,
    value: text,
    timestamp,
  }))
}

const unreadable = (path: string, cause: unknown): ConnectError =>
  new ConnectError(`Cannot read ${path}: ${(cause as Error).message}`, { cause })

export default defineSource({
  class: 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  aliases: ['FileStreamSourceConnector', 'FileStreamSource'],
  version,
  doc: 'Reads a text file line by line and follows it as it grows; each line becomes a record with a string value.',
  config: {
    file: c.string(
      'File to read. When it is missing, the connector waits for it. When not set, lines are read from standard input.',
      { optional: true, importance: 'HIGH' },
    ),
    topic: c.string('Topic that the lines go to.', { nonEmpty: true, importance: 'HIGH' }),
    'batch.size': c.int('How many lines are handed over at most at once.', { default: 2000, importance: 'LOW' }),
  },

  async open(config, ctx) {
    const { file, topic, batchSize } = config
    // A batch must hold something, or reading would stand still.
    const size = Math.max(1, batchSize)
    const [stored] = file === undefined ? [undefined] : await ctx.offsets([{ filename: file }])
    const from = startOf(stored)
    return {
      async *read() {
        const lines =
          file === undefined
            ? readStdin(ctx.signal)
            : followFile(file, from, ctx.signal, message => ctx.log.warn(message))
        for await (const some of lines) {
          for (let at = 0; at < some.length; at += size) yield recordsOf(topic, file, some.slice(at, at + size))
        }
      },
    }
  },

  async *sample({ file, topic }, _ctx, count) {
    if (file === undefined || file === '')
      throw new ConnectError("Lines of standard input cannot be looked at beforehand: set 'file'")
    yield recordsOf(topic, file, await firstLines(file, count))
  },

  // Lines of stdin have no offsets.
  exactlyOnce: ({ file }) => file !== undefined && file !== '',

  alterOffsets(config, offsets) {
    if (config.file === undefined || config.file === '') {
      throw new ConnectError(
        "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked.",
      )
    }
    for (const { partition, offset } of offsets) {
      if (offset === null) continue
      if (!('position' in offset)) {
        throw new ConnectError("Offset objects should either be null or contain the key 'position'")
      }
      const position = offset['position']
      if (typeof position !== 'bigint' && !Number.isInteger(position)) {
        throw new ConnectError("The value for the 'position' key in the offset is expected to be a Long value")
      }
      if ((position as number | bigint) < 0) {
        throw new ConnectError("The value for the 'position' key in the offset should be a non-negative value")
      }
      if ((partition as unknown) === null) throw new ConnectError('Partition objects cannot be null')
      if (!('filename' in partition)) throw new ConnectError("Partition objects should contain the key 'filename'")
    }
    return true
  },
})
