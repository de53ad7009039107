import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { startBroker } from '../../runtime/broker/broker.ts'
import { fileOffsetStore } from '../../runtime/stores/file-offset-store.ts'
import { recordingLog } from '../support/fakes/log.ts'
import { until } from '../support/fakes/wait.ts'

const NUMBERS = 20_000
const KILLS = 6
const PARTS = 3
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0)

/**
 * A source and a sink task in a process that is killed again and again. Every number must come out of the sink, and every
 * offset the source was told must be in the store.
 *
 * Break it on purpose: let `SubmittedRecords.committable` pass runs that are not acknowledged whole, and numbers are missing.
 */
test('no number is lost, whenever the process is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
  const broker = await startBroker({
    dataDir: join(folder, 'broker'),
    log: recordingLog(),
    settings: { 'group.min.session.timeout.ms': '100', 'group.initial.rebalance.delay.ms': '0' },
  })
  cleanUp.push(() => broker.close())
  const output = join(folder, 'lines')
  const committed = join(folder, 'committed')
  const failures: string[] = []
  const start = (): ChildProcess => {
    const child = fork(
      fileURLToPath(new URL('./tasks-process.ts', import.meta.url)),
      [broker.bootstrap, folder, String(NUMBERS)],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] },
    )
    child.on('message', message => failures.push((message as { failed: string }).failed))
    cleanUp.push(() => child.kill('SIGKILL'))
    return child
  }
  const toldIsStored = async (): Promise<void> => {
    const store = fileOffsetStore(join(folder, 'offsets'), recordingLog())
    await store.start()
    const parts = Array.from({ length: PARTS }, (_, part) => ({ part }))
    const stored = await store.get('s', parts)
    await store.stop()
    for (const line of linesOf(committed)) {
      for (const { partition, offset } of JSON.parse(line) as {
        partition: { part: number }
        offset: { next: number }
      }[])
        expect(Number(stored[partition.part]?.['next'])).toBeGreaterThanOrEqual(offset.next)
    }
  }

  for (let kill = 0; kill < KILLS; kill++) {
    const before = sizeOf(output)
    const child = start()
    const exited = new Promise(resolve => child.once('exit', resolve))
    // Some time after the sink has begun to write: in the middle of batches, commits and rebalances.
    await until(() => sizeOf(output) > before || failures.length > 0, 'the sink writes', 60_000)
    await new Promise(resolve => setTimeout(resolve, Math.random() * 60))
    child.kill('SIGKILL')
    await exited
    expect(failures).toEqual([])
    await toldIsStored()
  }

  const last = start()
  const distinct = () => new Set(linesOf(output).map(line => Number(line.split(' ')[1])))
  let seen = distinct()
  let size = -1
  let grownAt = performance.now()
  await until(
    () => {
      if (failures.length > 0) throw new Error(failures.join('\n'))
      if (sizeOf(output) !== size) {
        size = sizeOf(output)
        seen = distinct()
        grownAt = performance.now()
      }
      if (performance.now() - grownAt > 20_000) throw new Error(`${NUMBERS - seen.size} numbers are lost`)
      return seen.size === NUMBERS
    },
    'every number is written',
    120_000,
  )
  last.kill('SIGKILL')
  expect(Math.min(...seen)).toBe(0)
  expect(Math.max(...seen)).toBe(NUMBERS - 1)
  // Every record of the topic, by offset, and the same value whenever it came again.
  const byOffset = new Map<number, string>()
  for (const line of linesOf(output)) {
    const [, offset = '', value = ''] = /^numbers-0@(\d+) (\d+)$/.exec(line) ?? []
    expect(byOffset.get(Number(offset)) ?? value).toBe(value)
    byOffset.set(Number(offset), value)
  }
  expect([...byOffset.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: byOffset.size }, (_, offset) => offset),
  )
})
