import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceContext, SourceRecord } from 'millrace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import source from '../../../../connectors/file/source.ts'
import { sourceContract } from '../../../../runtime/testing/source-contract.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-'))
  file = join(folder, 'in.txt')
})
afterEach(() => rm(folder, { recursive: true }))

const open = async (stored?: number, config: { file?: string; batchSize?: number } = {}) => {
  const abort = new AbortController()
  const seen: SourceRecord[] = []
  const sizes: number[] = []
  const warnings: string[] = []
  const context: SourceContext = {
    connector: 'lines',
    task: 0,
    log: { debug() {}, info() {}, warn: message => void warnings.push(message), error() {} },
    originals: {},
    signal: abort.signal,
    progress() {},
    offsets: async () => [stored === undefined ? undefined : { position: stored }],
  }
  const task = await source.open({ file, topic: 'lines', batchSize: 2000, ...config }, context, {})
  const reading = (async () => {
    for await (const batch of task.read()) {
      seen.push(...batch)
      sizes.push(batch.length)
    }
  })()
  return {
    seen,
    sizes,
    warnings,
    texts: () => seen.map(record => record.value),
    stop: async () => {
      abort.abort()
      await reading
    },
  }
}

describe('the file source', () => {
  it('gives lines as string records with byte positions', async () => {
    await writeFile(file, 'one\nzwölf\nhalf')
    const run = await open()
    await vi.waitFor(() => expect(run.texts()).toEqual(['one', 'zwölf']))
    await run.stop()
    expect(run.seen[1]).toMatchObject({
      topic: 'lines',
      sourcePartition: { filename: file },
      sourceOffset: { position: 11 },
      value: 'zwölf',
    })
    expect(run.seen[0]!.valueSchema).toMatchObject({ type: 'STRING', optional: false })
    const resumed = await open(11)
    await appendFile(file, ' done\n')
    await vi.waitFor(() => expect(resumed.texts()).toEqual(['half done']))
    await resumed.stop()
  })

  it('waits for a file that is not there, and follows what is appended', async () => {
    const run = await open()
    await vi.waitFor(() => expect(run.warnings).toEqual([`${file} is not there: waiting for it`]))
    await writeFile(file, 'late\n')
    await vi.waitFor(() => expect(run.texts()).toEqual(['late']))
    await appendFile(file, 'la')
    await appendFile(file, 'ter\n')
    await vi.waitFor(() => expect(run.texts()).toEqual(['late', 'later']))
    await run.stop()
  })

  it('starts again when the file is cut short, and says so', async () => {
    await writeFile(file, 'one\ntwo\n')
    const run = await open()
    await vi.waitFor(() => expect(run.texts()).toHaveLength(2))
    await truncate(file, 0)
    await vi.waitFor(() => expect(run.warnings).toEqual([expect.stringContaining('has become shorter')]))
    await appendFile(file, 'new\n')
    await vi.waitFor(() => expect(run.texts()).toEqual(['one', 'two', 'new']))
    expect(run.seen[2]!.sourceOffset).toEqual({ position: 4 })
    await run.stop()
  })

  it('reads a replaced file to its end, then the new one', async () => {
    await writeFile(file, 'one\n')
    const run = await open()
    await vi.waitFor(() => expect(run.texts()).toEqual(['one']))
    await writeFile(join(folder, 'next'), 'a longer first line\n')
    await appendFile(file, 'two\n')
    await rename(join(folder, 'next'), file)
    await vi.waitFor(() => expect(run.texts()).toEqual(['one', 'two', 'a longer first line']))
    await run.stop()
  })

  it('loses nothing of a file that is replaced: neither what is appended meanwhile nor a last line without an end', async () => {
    await writeFile(file, 'one\n')
    const run = await open()
    await vi.waitFor(() => expect(run.texts()).toEqual(['one']))
    // A writer that has the old file open goes on for a moment, as log writers do until they are told.
    await rename(file, join(folder, 'old'))
    await writeFile(file, 'new\n')
    await appendFile(join(folder, 'old'), 'two\nno end')
    await vi.waitFor(() => expect(run.texts()).toEqual(['one', 'two', 'no end', 'new']), 3000)
    expect(run.seen.map(record => record.sourceOffset)).toEqual([4, 8, 14, 4].map(position => ({ position })))
    await run.stop()
  })

  it('hands over at most batch.size lines at once', async () => {
    await writeFile(file, 'a\nb\nc\nd\ne\n')
    const run = await open(undefined, { batchSize: 2 })
    await vi.waitFor(() => expect(run.sizes).toEqual([2, 2, 1]))
    await run.stop()
  })

  it('refuses a stored position that is none', async () => {
    await expect(open(-4)).rejects.toThrow(/position "-4".*reset it/)
  })

  it('refuses what cannot be a file, naming it', async () => {
    const abort = new AbortController()
    const task = await source.open(
      { file: folder, topic: 'lines', batchSize: 1 },
      {
        connector: 'lines',
        task: 0,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        originals: {},
        signal: abort.signal,
        progress() {},
        offsets: async () => [undefined],
      },
      {},
    )
    await expect(task.read()[Symbol.asyncIterator]().next()).rejects.toThrow(`Cannot read ${folder}`)
  })
})

describe('altered offsets of the file source', () => {
  // The texts are Kafka Connect's: test/golden/rest holds them as captured.
  const at = (offset: Record<string, string | number> | null, partition: object | null = { filename: 'x' }) =>
    source.alterOffsets!({ file: 'x', topic: 't', batchSize: 1 }, [
      { partition: partition as { filename: string }, offset },
    ])
  it.each([
    [{ position: 'one' }, "The value for the 'position' key in the offset is expected to be a Long value"],
    [{ position: '12' }, "The value for the 'position' key in the offset is expected to be a Long value"],
    [{ position: 1.5 }, "The value for the 'position' key in the offset is expected to be a Long value"],
    [{ position: -1 }, "The value for the 'position' key in the offset should be a non-negative value"],
    [{}, "Offset objects should either be null or contain the key 'position'"],
    [{ other: 1 }, "Offset objects should either be null or contain the key 'position'"],
  ])('%j is refused', (offset, message) => {
    expect(() => at(offset)).toThrow(message)
  })

  it('need a partition with a file name', () => {
    expect(() => at({ position: 1 }, null)).toThrow('Partition objects cannot be null')
    expect(() => at({ position: 1 }, {})).toThrow("Partition objects should contain the key 'filename'")
  })

  it('are taken when they are positions, and when they are reset', () => {
    expect(at({ position: 0 })).toBe(true)
    expect(at(null)).toBe(true)
    expect(at({ position: 1 }, { filename: 5 })).toBe(true)
  })

  it('make no sense for standard input', () => {
    expect(() => source.alterOffsets!({ file: undefined, topic: 't', batchSize: 1 }, [])).toThrow(/stdin is used/)
  })
})

describe('contract of the file source', () => {
  sourceContract({
    test: (title, run) => it(title, run),
    source,
    setup: async () => {
      const path = join(folder, 'contract.txt')
      let count = 0
      return {
        config: { file: path, topic: 'lines' },
        produce: async (records: number) => {
          for (let i = 0; i < records; i++) await appendFile(path, `línea ${count++}\n`)
        },
        indexOf: (record: SourceRecord) => Number((record.value as string).split(' ')[1]),
      }
    },
  })
})
