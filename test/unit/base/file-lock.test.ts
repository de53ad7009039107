import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFile } from '../../../runtime/base/file-lock.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
  path = join(folder, 'x.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const taken = (pid: number) => new Error(`taken by ${pid}`)

test('is held by one, until given back', () => {
  const unlock = lockFile(path, taken)
  expect(() => lockFile(path, taken)).toThrow(`taken by ${process.pid}`)
  unlock()
  expect(existsSync(path)).toBe(false)
  lockFile(path, taken)()
})

test('a killed process holds nothing', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const holder = (started: string | null) => JSON.stringify({ pid: child.pid, started })
  writeFileSync(path, holder(null))
  expect(() => lockFile(path, taken)).toThrow(`taken by ${child.pid}`)
  // The same number, but another process: this machine's, before it started anew.
  writeFileSync(path, holder('another boot/1'))
  lockFile(path, taken)()
  child.kill('SIGKILL')
  await once(child, 'exit')
  writeFileSync(path, holder(null))
  lockFile(path, taken)()
})

test('a lock that was cut while it was written is taken over', () => {
  writeFileSync(path, '{"pid":')
  const unlock = lockFile(path, taken)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid })
  unlock()
})
