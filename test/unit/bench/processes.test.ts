import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cpuSeconds,
  measure,
  peakRssMb,
  rssMb,
  startChild,
  statFields,
  statusNumber,
  untilUp,
} from '../../bench/processes.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-bench-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test("a command's name may hold spaces and brackets", () => {
  expect(statFields('42 (my (odd) name) S 1 42').slice(0, 2)).toEqual(['S', '1'])
})

test('a number out of a status, and none that is not there', () => {
  const text = 'Name:\tnode\nVmHWM:\t  2048 kB\nThreads:\t11\n'
  expect(statusNumber(text, 'VmHWM')).toBe(2048)
  expect(statusNumber(text, 'Threads')).toBe(11)
  expect(() => statusNumber(text, 'VmRSS')).toThrow('has no VmRSS')
})

test.runIf(process.platform === 'linux')('what a process used is what it says itself', () => {
  const used = measure(process.pid)
  const before = process.cpuUsage()
  for (const end = Date.now() + 300; Date.now() < end; );
  const { user, system } = process.cpuUsage(before)
  const figures = used(1000, 0.5)
  // The clock of /proc has ticks of 10 ms, and other threads of this process may work meanwhile.
  expect(Math.abs(figures.cpuSeconds - (user + system) / 1e6)).toBeLessThan(0.15)
  expect(figures.cpuSecondsPerMillion).toBeCloseTo(figures.cpuSeconds * 1000)
  expect(figures.recordsPerSecond).toBe(2000)
  expect(cpuSeconds(process.pid)).toBeGreaterThan(figures.cpuSeconds)
  // The kernel counts pages per thread and adds them up now and then.
  const now = rssMb(process.pid)
  expect(peakRssMb(process.pid)).toBeGreaterThan(now - 1)
})

test('a child that ends before it is up says so, with what it printed', async () => {
  const script = 'console.log("port is taken"); process.exit(3)'
  const child = await startChild([process.execPath, '-e', script], join(folder, 'log'))
  const up = untilUp(child, 'The server', 20_000, 10, async () => undefined)
  await expect(up).rejects.toThrow(/The server ended with 3:\nport is taken/)
})

test('a program that is not there is a clear error, too', async () => {
  const child = await startChild([join(folder, 'no-such-program')], join(folder, 'log'))
  await expect(untilUp(child, 'The server', 20_000, 10, async () => undefined)).rejects.toThrow('could not be started')
})

test('a child that does not listen to SIGTERM is killed', async () => {
  const script = 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'
  const child = await startChild([process.execPath, '-e', script], join(folder, 'log'))
  await untilUp(child, 'The child', 20_000, 10, async () => (child.output().includes('up') ? true : undefined))
  await child.stop(50)
  expect(child.ended()).toBe('ended with SIGKILL')
})
