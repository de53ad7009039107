import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileOffsetStore } from '../../../runtime/stores/file-offset-store.ts'
import { javaEmpty, javaSome } from './java-maps.ts'

let folder: string
let path: string
const lines: string[] = []
const log = { debug() {}, info: (text: string) => void lines.push(text), warn() {}, error() {} }
beforeEach(async () => {
  lines.length = 0
  folder = await mkdtemp(join(tmpdir(), 'millrace-takeover-'))
  path = join(folder, 'connect.offsets')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('takes over the file of a Kafka Connect standalone worker and keeps a copy of it', async () => {
  await writeFile(path, javaSome)
  const store = fileOffsetStore(path, log)
  await store.start()
  expect(await store.get('files', [{ filename: '/var/data/a.txt' }])).toEqual([{ position: 14 }])
  expect(await store.all('pg')).toEqual([
    { partition: { server: 'orders' }, offset: { lsn: 9007199254740993n, txId: 745, snapshot: true } },
  ])
  // The JVM's converter escapes what lies beyond U+FFFF: the key must be found all the same.
  expect(await store.get('café', [{ filename: '😀' }])).toEqual([{ position: 3 }])
  expect(await store.all('gone')).toEqual([])
  await store.put('files', [{ partition: { filename: '/var/data/a.txt' }, offset: { position: 20 } }])
  await store.stop()
  expect(await readFile(`${path}.java`)).toEqual(javaSome)
  expect(lines).toHaveLength(1)

  const again = fileOffsetStore(path, log)
  await again.start()
  expect(await again.get('files', [{ filename: '/var/data/a.txt' }])).toEqual([{ position: 20 }])
  await again.stop()
  expect(lines).toHaveLength(1)
})

test('an empty map of the JVM is taken over too', async () => {
  await writeFile(path, javaEmpty)
  const store = fileOffsetStore(path, log)
  await store.start()
  await store.put('c', [{ partition: { p: 1 }, offset: { at: 1 } }])
  await store.stop()
  expect((await readdir(folder)).sort()).toEqual(['connect.offsets', 'connect.offsets.java'])
})

test('a crash while taking over leaves a file with all offsets at its place', async () => {
  await writeFile(path, javaSome)
  // What a crash leaves before the new file has the old one's name: the copy, and half of the new file.
  await writeFile(`${path}.java`, javaSome)
  await writeFile(`${path}.new`, '#millr')
  const store = fileOffsetStore(path, log)
  await store.start()
  expect(await store.all('files')).toHaveLength(1)
  await store.stop()
})

test('at no instant is there no file under its name', async () => {
  await writeFile(path, javaSome)
  const store = fileOffsetStore(path, log)
  let missing = 0
  let watching = true
  const watch = (async () => {
    while (watching) {
      await readFile(path).catch(() => missing++)
      await new Promise(resolve => setImmediate(resolve))
    }
  })()
  await store.start()
  watching = false
  await watch
  await store.stop()
  expect(missing).toBe(0)
})

test('a cut file of the JVM is refused by name and left alone', async () => {
  const cut = javaSome.subarray(0, 120)
  await writeFile(path, cut)
  await expect(fileOffsetStore(path, log).start()).rejects.toThrow(path)
  expect(await readFile(path)).toEqual(cut)
})
