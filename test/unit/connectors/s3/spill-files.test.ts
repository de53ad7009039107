import { buffer } from 'node:stream/consumers'
import { afterEach, expect, it, vi } from 'vitest'
import { SpillFiles } from '../../../../connectors/s3/spill-files.ts'

afterEach(() => vi.unstubAllEnvs())

it('objects share files, and each reads back its own bytes, also when they append at the same time', async () => {
  const spills = new SpillFiles()
  const objects = Array.from({ length: 200 }, (_, index) => ({
    file: spills.join(),
    bytes: Buffer.alloc(100 + index, index),
  }))
  expect(new Set(objects.map(({ file }) => file)).size).toBe(4)
  const starts = await Promise.all(objects.map(({ file, bytes }) => file.append(bytes)))
  for (const [index, { file, bytes }] of objects.entries()) {
    const start = starts[index]!
    expect(await buffer(file.read(start, start + bytes.length))).toEqual(bytes)
  }
  for (const { file } of objects) await file.leave()
  await expect(buffer(objects[0]!.file.read(0, 1))).rejects.toThrow(/EBADF|closed|out of range/)
  // A file that all have left is gone: whoever comes next gets another one.
  const next = spills.join()
  expect(objects.map(({ file }) => file)).not.toContain(next)
  expect(await next.append(Buffer.from('x'))).toBe(0)
  await next.leave()
})

it('a folder that cannot be written to is named, with what helps', async () => {
  vi.stubEnv('TMPDIR', '/not/there')
  const file = new SpillFiles().join()
  await expect(file.append(Buffer.from('x'))).rejects.toThrow(
    /temporary file in \/not\/there: ENOENT.*set TMPDIR.*s3\.buffer\.memory/,
  )
  await file.leave()
})
