import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newTopicId, Topics } from '../../../../runtime/broker/topics/topics.ts'
import { batchOf, noBrokerSettings, readAll, tempFolder, testParts, valuesOf } from '../log-folder.ts'

const open = (folder: string) => Topics.open(folder, noBrokerSettings, testParts())

describe('topics', () => {
  test('are there again after a restart, with id, settings and records', async () => {
    const folder = await tempFolder()
    let topics = await open(folder)
    const { id } = await topics.create({ name: 'a', partitions: 2, configs: { 'retention.ms': '5' } })
    await topics.partition('a', 1).append(batchOf([{ value: 'x' }]))
    await topics.addPartitions('a', 3)
    await topics.configure('a', configs => ({ ...configs, 'cleanup.policy': 'compact' }))
    await topics.close()
    topics = await open(folder)
    const topic = topics.byId(id)!
    expect(topic).toMatchObject({ name: 'a', configs: { 'retention.ms': '5', 'cleanup.policy': 'compact' } })
    expect(topic.partitions.length).toBe(3)
    expect(topic.partitions[2]!.config).toMatchObject({ compact: true, retentionMs: 5 })
    expect(valuesOf(await readAll(topics.partition('a', 1)))).toEqual(['x'])
    await topics.close()
  })

  test('may be deleted and made anew at once: nothing of the old one is left', async () => {
    const folder = await tempFolder()
    const topics = await open(folder)
    const old = await topics.create({ name: 'a', partitions: 1 })
    await topics.partition('a', 0).append(batchOf([{ value: 'old' }]))
    const gone: string[] = []
    topics.partition('a', 0).watchers.add({ appended: () => {}, closed: () => gone.push('closed') })
    const [, made] = await Promise.all([topics.delete('a'), topics.create({ name: 'a', partitions: 1 })])
    expect(gone).toEqual(['closed'])
    expect(made.id).not.toBe(old.id)
    expect(topics.byId(old.id)).toBe(undefined)
    expect(() => old.partitions[0]!.append(batchOf([{ value: 'late' }]))).toThrow(/UNKNOWN_TOPIC_OR_PARTITION/)
    expect(await readAll(made.partitions[0]!)).toEqual([])
    await topics.close()
    expect(await readdir(join(folder, 'topics'))).toEqual(['a-0'])
  })

  test.each([
    ['', 1, {}, /INVALID_TOPIC/],
    ['..', 1, {}, /INVALID_TOPIC/],
    ['a/b', 1, {}, /'a\/b' is no topic name/],
    ['x'.repeat(250), 1, {}, /INVALID_TOPIC/],
    ['there', 1, {}, /TOPIC_ALREADY_EXISTS/],
    ['t', 0, {}, /INVALID_PARTITIONS/],
    ['t', 10_001, {}, /INVALID_PARTITIONS/],
    ['t', 1, { 'retention.ms': 'x' }, /INVALID_CONFIG.*retention\.ms=x/],
  ])('are refused: %s with %i partitions', async (name, partitions, configs, message) => {
    const topics = await open(await tempFolder())
    await topics.create({ name: 'there', partitions: 1 })
    await expect(topics.create({ name, partitions, configs: configs as Record<string, string> })).rejects.toThrow(
      message,
    )
    expect(topics.all().length).toBe(1)
    await topics.close()
  })

  test('unknown or unfitting changes are refused', async () => {
    const topics = await open(await tempFolder())
    await topics.create({ name: 'a', partitions: 2 })
    await expect(topics.delete('b')).rejects.toThrow(/UNKNOWN_TOPIC_OR_PARTITION/)
    await expect(topics.addPartitions('a', 2)).rejects.toThrow(/INVALID_PARTITIONS/)
    await expect(topics.configure('a', () => ({ nonsense: '1' }))).rejects.toThrow(/INVALID_CONFIG/)
    expect(() => topics.partition('a', 2)).toThrow(/UNKNOWN_TOPIC_OR_PARTITION/)
    await topics.close()
  })

  test("a crash's leftovers go; a lost list of topics is an error, not an empty broker", async () => {
    const folder = await tempFolder()
    let topics = await open(folder)
    await topics.create({ name: 'a', partitions: 1 })
    await topics.close()
    await mkdir(join(folder, 'topics', 'half-made-0'))
    await mkdir(join(folder, 'topics', 'deleted-1234'))
    topics = await open(folder)
    await topics.close()
    expect(await readdir(join(folder, 'topics'))).toEqual(['a-0'])
    await writeFile(join(folder, 'topics.json'), '{')
    await expect(open(folder)).rejects.toThrow(/topics\.json cannot be read/)
    await rm(join(folder, 'topics.json'))
    await expect(open(folder)).rejects.toThrow(/topics\.json is missing.*restore it/)
    expect(existsSync(join(folder, 'topics', 'a-0'))).toBe(true)
  })

  test('ids look like Kafka uuids and never like an option', () => {
    for (let i = 0; i < 500; i++) expect(newTopicId()).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$/)
  })
})
