import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SinkRecord, s } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import sink from '../../../../connectors/file/sink.ts'
import { sinkContract } from '../../../../runtime/testing/sink-contract.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

const context = {
  connector: 'lines',
  task: 0,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  originals: {},
  signal: new AbortController().signal,
  progress() {},
  reject() {},
  pause() {},
  resume() {},
  seek() {},
  requestCommit() {},
  wakeAfter() {},
}

describe('the file sink', () => {
  it('appends values as lines', async () => {
    const file = join(folder, 'out.txt')
    for (const [offset, value] of [
      [0, 'text'],
      [1, { a: 1 }],
    ] as const) {
      const task = await sink.open({ file }, context)
      await task.write([new SinkRecord({ topic: 't', partition: 0, offset, value })])
      await task.flush?.([])
      await task.close?.()
    }
    expect(await readFile(file, 'utf8')).toBe('text\n{a=1}\n')
  })

  it('shows structs by their schema', async () => {
    const file = join(folder, 'out.txt')
    const task = await sink.open({ file }, context)
    const valueSchema = s.struct({ a: s.float64(), b: s.string({ optional: true }) })
    await task.write([new SinkRecord({ topic: 't', partition: 0, offset: 0, value: { b: null, a: 1 }, valueSchema })])
    await task.close?.()
    expect(await readFile(file, 'utf8')).toBe('Struct{a=1.0}\n')
  })

  it('says which file it cannot write to', async () => {
    await expect(sink.open({ file: join(folder, 'missing', 'out') }, context)).rejects.toThrow(
      `Cannot write to ${join(folder, 'missing', 'out')}`,
    )
  })
})

describe('standard input and output', () => {
  it('are used when no file is set', async () => {
    const script = fileURLToPath(new URL('../../../support/stdio-lines.ts', import.meta.url))
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.stdin.write('one\ntw')
    child.stdin.end('o\nunfinished')
    await new Promise(resolve => child.once('close', resolve))
    expect(Buffer.concat(pieces).toString()).toBe('one\ntwo\nunfinished\n')
  })
})

describe('contract of the file sink', () => {
  sinkContract({
    test: (title, run) => it(title, run),
    sink,
    setup: async () => {
      const file = join(folder, 'contract.txt')
      return {
        config: { file },
        delivered: async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1),
      }
    },
  })
})
