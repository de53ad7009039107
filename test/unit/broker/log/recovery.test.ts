import { appendFile, copyFile, cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { batchOf, numbers, openLog, readAll, tempFolder, testParts, valuesOf } from '../log-folder.ts'

const CONFIGS = { 'segment.bytes': '2048', 'index.interval.bytes': '300' }

/** A log of `count` records in batches of one, by an idempotent producer; saved after `saveAfter` of them, then left as kill -9 leaves it. */
async function killedLog(folder: string, count: number, saveAfter = count): Promise<void> {
  const original = join(folder, 'original')
  await mkdir(original)
  const log = await openLog(original, CONFIGS)
  for (let i = 0; i < count; i++) {
    await log.append(batchOf([{ value: String(i) }], { producerId: 1, producerEpoch: 0, baseSequence: i }))
    if (i + 1 === saveAfter) await log.exclusive(() => log.save())
  }
  // Everything written so far is in the files: a copy is what the next process finds.
  await cp(original, join(folder, 'killed'), { recursive: true })
  await log.close({ save: false })
}

const newestSegment = async (folder: string): Promise<string> =>
  join(
    folder,
    (await readdir(folder))
      .filter(name => name.endsWith('.log'))
      .sort()
      .at(-1)!,
  )

describe('recovery', () => {
  test.each([0, 1, 10, 57, 100])('finds every record after kill -9, saved up to %i of 100', async saveAfter => {
    const folder = await tempFolder()
    await killedLog(folder, 100, saveAfter)
    const parts = testParts()
    const log = await openLog(join(folder, 'killed'), CONFIGS, parts)
    expect(log.endOffset).toBe(100)
    expect(valuesOf(await readAll(log))).toEqual(numbers(0, 100))
    const again = batchOf([{ value: '99' }], { producerId: 1, producerEpoch: 0, baseSequence: 99 })
    expect((await log.append(again)).baseOffset).toBe(99)
    const next = batchOf([{ value: '100' }], { producerId: 1, producerEpoch: 0, baseSequence: 100 })
    expect((await log.append(next)).baseOffset).toBe(100)
    expect(parts.warnings).toEqual([])
    await log.close({ save: true })
  })

  test('cuts a torn end off, wherever it was torn', async () => {
    const folder = await tempFolder()
    await killedLog(folder, 60, 20)
    const killed = join(folder, 'killed')
    const segment = await newestSegment(killed)
    const base = Number(segment.slice(-24, -4))
    const whole = await readFile(segment)
    const batch = whole.readInt32BE(8) + 12
    expect(whole.length).toBe((60 - base) * batch)
    for (let cut = 1; cut < batch * 2; cut += 7) {
      await rm(join(folder, 'torn'), { recursive: true, force: true })
      await cp(killed, join(folder, 'torn'), { recursive: true })
      await truncate(await newestSegment(join(folder, 'torn')), whole.length - cut)
      const parts = testParts()
      const log = await openLog(join(folder, 'torn'), CONFIGS, parts)
      const left = 60 - Math.ceil(cut / batch)
      expect(log.endOffset).toBe(left)
      expect(valuesOf(await readAll(log))).toEqual(numbers(0, left))
      expect(parts.warnings.length).toBe(cut % batch === 0 ? 0 : 1)
      const next = batchOf([{ value: 'next' }], { producerId: 1, producerEpoch: 0, baseSequence: left })
      expect((await log.append(next)).baseOffset).toBe(left)
      await log.close({ save: true })
    }
  })

  test('after a loss of power producers count from what is left', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder)
    const numbered = (baseSequence: number) =>
      batchOf([{ value: `${baseSequence}` }], { producerId: 1, producerEpoch: 0, baseSequence })
    for (let i = 0; i < 4; i++) await log.append(numbered(i))
    await log.close({ save: true })
    for (const name of await readdir(folder)) if (name.endsWith('.index')) await rm(join(folder, name))
    const segment = await newestSegment(folder)
    const bytes = await readFile(segment)
    await writeFile(segment, bytes.subarray(0, bytes.length / 2))
    log = await openLog(folder)
    await expect(async () => log.append(numbered(4))).rejects.toThrow(/sequence 4, 2 is due/)
    expect((await log.append(numbered(2))).baseOffset).toBe(2)
    await log.close({ save: true })
  })

  test.each([
    ['zeros, as after a loss of power', (at: Buffer) => at.fill(0)],
    ['one flipped bit', (at: Buffer) => void (at[65] = at[65]! ^ 1)],
    ['noise', (at: Buffer) => at.fill(0xa5)],
  ])('keeps what stands before %s', async (_, damage) => {
    const folder = await tempFolder()
    await killedLog(folder, 70, 20)
    const killed = join(folder, 'killed')
    const segment = await newestSegment(killed)
    const base = Number(segment.slice(-24, -4))
    const bytes = await readFile(segment)
    const batch = bytes.readInt32BE(8) + 12
    damage(bytes.subarray(batch * 2, batch * 3))
    await writeFile(segment, bytes)
    const parts = testParts()
    const log = await openLog(killed, CONFIGS, parts)
    expect(log.endOffset).toBe(base + 2)
    expect(valuesOf(await readAll(log))).toEqual(numbers(0, base + 2))
    expect(parts.warnings.join()).toMatch(/Cut a torn end off a log/)
    await log.close({ save: true })
  })

  test('does without indexes and checkpoint, and with damaged indexes', async () => {
    const folder = await tempFolder()
    await killedLog(folder, 100)
    const killed = join(folder, 'killed')
    for (const name of await readdir(killed)) {
      if (name.endsWith('.index')) await writeFile(join(killed, name), 'damaged')
      if (name.endsWith('.json')) await rm(join(killed, name))
    }
    const log = await openLog(killed, CONFIGS)
    expect(valuesOf(await readAll(log))).toEqual(numbers(0, 100))
    const again = batchOf([{ value: '98' }], { producerId: 1, producerEpoch: 0, baseSequence: 98 })
    expect((await log.append(again)).baseOffset).toBe(98)
    await log.close({ save: true })
  })

  test('reads nothing but the last batch after a clean stop', async () => {
    const folder = await tempFolder()
    let log = await openLog(folder, { 'index.interval.bytes': '300' })
    for (const value of numbers(0, 100)) await log.append(batchOf([{ value }]))
    await log.close({ save: true })
    // Damage in what was saved is not looked for at start; a reader finds it by the checksum.
    const segment = await newestSegment(folder)
    const bytes = await readFile(segment)
    bytes[100] = bytes[100]! ^ 1
    await writeFile(segment, bytes)
    log = await openLog(folder)
    expect(log.endOffset).toBe(100)
    await expect(readAll(log)).rejects.toThrow(/checksum/)
    await log.close({ save: true })
  })

  test('a damaged checkpoint is an error that says what to do', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, 'checkpoint.json'), '{"format":')
    await expect(openLog(folder)).rejects.toThrow(/checkpoint\.json cannot be read.*Remove it to scan the log/)
  })

  test('finishes or undoes a compaction that a crash cut short', async () => {
    const folder = await tempFolder()
    await killedLog(folder, 100)
    const killed = join(folder, 'killed')
    const segments = (await readdir(killed)).filter(name => name.endsWith('.log')).sort()
    const digits = (name: string) => name.slice(0, 20)
    // A draft is no segment yet.
    await copyFile(join(killed, segments[0]!), join(killed, `${digits(segments[0]!)}.cleaned`))
    await appendFile(join(killed, `${digits(segments[0]!)}.cleaned`), 'unfinished')
    // A swap stands for the segments from the first to before the third, whichever of them are still there.
    const swap = join(killed, `${digits(segments[0]!)}-${digits(segments[2]!)}.swap`)
    await copyFile(join(killed, segments[0]!), swap)
    await rm(join(killed, segments[0]!.replace('.log', '.index')))
    const log = await openLog(killed, CONFIGS)
    const kept = Number(digits(segments[1]!))
    const behind = Number(digits(segments[2]!))
    expect(valuesOf(await readAll(log))).toEqual([...numbers(0, kept), ...numbers(behind, 100)])
    const names = await readdir(killed)
    expect(names.filter(name => /cleaned|swap/.test(name))).toEqual([])
    expect(names).not.toContain(segments[1])
    expect((await stat(join(killed, segments[0]!))).size).toBeGreaterThan(0)
    await log.close({ save: true })
  })
})
