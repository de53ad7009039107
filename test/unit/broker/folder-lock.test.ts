import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockFolder } from '../../../runtime/broker/folder-lock.ts'
import { tempFolder } from './log-folder.ts'

test('one at a time, and free again afterwards', async () => {
  const folder = await tempFolder()
  const unlock = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(new RegExp(`used by the broker of process ${process.pid}: stop it`))
  unlock()
  lockFolder(folder)()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

test("keeps out while another process lives, takes over a dead one's, and a torn one", async () => {
  const folder = await tempFolder()
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  onTestFinished(() => void other.kill('SIGKILL'))
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: other.pid, started: null }))
  expect(() => lockFolder(folder)).toThrow(`process ${other.pid}`)
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  for (const content of [JSON.stringify({ pid: dead, started: null }), '{"pid":', '']) {
    await writeFile(join(folder, 'lock'), content)
    const unlock = lockFolder(folder)
    expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    unlock()
  }
})

test.skipIf(process.platform !== 'linux')('knows a later process of the same id for another one', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: 'another boot/1' }))
  lockFolder(folder)()
})
