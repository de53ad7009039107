import { appendFile, type FileHandle, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deferred } from '../../../runtime/base/deferred.ts'
import { LineLog } from '../../../runtime/stores/line-log.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-log-'))
  path = join(folder, 'log')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const reopened = async (): Promise<Record<string, string>> => {
  const log = await LineLog.open(path)
  const entries = Object.fromEntries(log.entries())
  await log.close()
  return entries
}

const written = async (...keys: string[]): Promise<Buffer> => {
  const log = await LineLog.open(path)
  for (const key of keys) await log.write([[key, `value of ${key}`]])
  await log.close()
  return readFile(path)
}

test('cut anywhere, it holds exactly the lines that were whole', async () => {
  const whole = await written('a', 'b', 'c')
  const ends = Array.from(whole.entries()).flatMap(([at, byte]) => (byte === 10 ? [at + 1] : []))
  for (let cut = ends[0]!; cut <= whole.length; cut++) {
    await writeFile(path, whole.subarray(0, cut))
    const lines = ends.filter(end => end <= cut).length - 1
    expect(Object.keys(await reopened()), `cut at ${cut}`).toEqual(['a', 'b', 'c'].slice(0, lines))
  }
})

test('a cut inside the header of a new file leaves an empty file', async () => {
  const whole = await written()
  for (let cut = 0; cut < whole.length; cut++) {
    await writeFile(path, whole.subarray(0, cut))
    expect(await reopened()).toEqual({})
  }
})

test('goes on writing after a torn tail', async () => {
  const whole = await written('a', 'b')
  await writeFile(path, whole.subarray(0, whole.length - 5))
  const log = await LineLog.open(path)
  await log.write([['c', '3']])
  await log.close()
  expect(await reopened()).toEqual({ a: 'value of a', c: '3' })
})

test('a tail of garbage is cut, as a crash may leave it', async () => {
  await written('a')
  await appendFile(path, Buffer.alloc(300))
  expect(await reopened()).toEqual({ a: 'value of a' })
})

test('damage before whole lines is no torn tail: it refuses to lose what was acknowledged (invariant 6)', async () => {
  const whole = await written('a', 'b', 'c')
  const at = whole.indexOf('value of b')
  whole[at] = whole[at]! ^ 1
  await writeFile(path, whole)
  await expect(LineLog.open(path)).rejects.toThrow(/log.*damaged/)
  expect(await readFile(path)).toEqual(whole)
})

test('pages of the last write that a power cut kept back are a torn tail', async () => {
  const whole = await written('a', 'b', 'c')
  whole.fill(0, whole.indexOf('value of b') - 10, whole.indexOf('value of b'))
  await writeFile(path, whole)
  expect(await reopened()).toEqual({ a: 'value of a' })
})

test('refuses a file that is not its own, and leaves it as it is', async () => {
  await writeFile(path, 'something else entirely\n')
  await expect(LineLog.open(path)).rejects.toThrow(path)
  expect(await readFile(path, 'utf8')).toBe('something else entirely\n')
})

test('rewrites itself when most of it is old', async () => {
  const log = await LineLog.open(path)
  const value = 'x'.repeat(50_000)
  for (let at = 0; at < 60; at++) await log.write([['same', `${at} ${value}`]])
  await log.write([['other', 'kept']])
  await log.close()
  expect((await stat(path)).size).toBeLessThan(1_200_000)
  const entries = await reopened()
  expect(entries['same']).toBe(`59 ${value}`)
  expect(entries['other']).toBe('kept')
})

test('writes of one moment share a sync, and none resolves before it is in the file', async () => {
  const log = await LineLog.open(path)
  await Promise.all(
    Array.from({ length: 50 }, async (_, at) => {
      await log.write([[`k${at}`, `${at}`]])
      expect(await readFile(path, 'utf8')).toContain(`["k${at}","${at}"]`)
    }),
  )
  await log.close()
})

test('two at once would write over each other: the second is refused until the first is closed', async () => {
  const log = await LineLog.open(path)
  await expect(LineLog.open(path)).rejects.toThrow(/used by/)
  await log.close()
  await (await LineLog.open(path)).close()
})

test('a failed open gives the file back', async () => {
  await writeFile(path, 'something else entirely\n')
  await expect(LineLog.open(path)).rejects.toThrow()
  await rm(path)
  await (await LineLog.open(path)).close()
})

test.each(['datasync', 'datasync and truncate'])('leaves nothing of a write that failed at %s', async calls => {
  const probe = await open(path, 'w')
  const handles = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  await rm(path)
  const log = await LineLog.open(path)
  await log.write([['a', '1']])
  const spies = (calls.split(' and ') as ('datasync' | 'truncate')[]).map(name =>
    vi.spyOn(handles, name).mockRejectedValueOnce(new Error('disk full')),
  )
  const failing = [['long', 'x'.repeat(100)] as const, ['b', '2'] as const, ['c', '3'] as const]
  await expect(log.write(failing)).rejects.toThrow('disk full')
  await log.write([['d', '4']])
  for (const spy of spies) spy.mockRestore()
  expect(Object.fromEntries(log.entries())).toEqual({ a: '1', d: '4' })
  await log.close()
  expect(await reopened()).toEqual({ a: '1', d: '4' })
})

test('a write resolves only when the disk says that it has it (invariant 2)', async () => {
  const probe = await open(path, 'w')
  const handles = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  await rm(path)
  const log = await LineLog.open(path)
  const held = deferred()
  const sync = vi.spyOn(handles, 'datasync').mockImplementation(() => held.promise)
  let done = false
  const writing = log.write([['a', '1']]).then(() => {
    done = true
  })
  await vi.waitFor(() => expect(sync).toHaveBeenCalled())
  expect(done).toBe(false)
  expect(log.get('a')).toBeUndefined()
  held.resolve()
  await writing
  expect(log.get('a')).toBe('1')
  sync.mockRestore()
  await log.close()
})
