import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SchemaRegistry } from '../../../runtime/schema-registry/registry.ts'
import { topicStore } from '../../../runtime/schema-registry/topic-store.ts'
import { type StoreBroker, storeBroker } from '../../support/kafka-stores.ts'

let world: StoreBroker
beforeAll(async () => {
  world = await storeBroker()
})
afterAll(() => world.close())

const avro = (text: string) => ({ type: 'AVRO', text, references: [] }) as const
const options = { normalize: false }

const withRegistries = async (
  count: number,
  run: (...all: SchemaRegistry[]) => Promise<void>,
  topic = randomUUID(),
) => {
  const all = Array.from({ length: count }, () => new SchemaRegistry(topicStore(world.kafka, topic)))
  for (const registry of all) await registry.start()
  try {
    await run(...all)
  } finally {
    for (const registry of all) await registry.close()
  }
}

test('two registries on a topic see what the other wrote, and a later one what is there', async () => {
  const topic = randomUUID()
  await withRegistries(
    2,
    async (one, other) => {
      expect(await one!.register('s', avro('"int"'), options)).toMatchObject({ id: 1, version: 1 })
      expect(await other!.register('t', avro('"string"'), options)).toMatchObject({ id: 2, version: 1 })
      expect(await one!.register('s', avro('"long"'), options)).toMatchObject({ id: 3, version: 2 })
      await other!.setConfig('s', { compatibilityLevel: 'NONE' })
      await one!.setMode(null, 'READWRITE', false)
      await other!.deleteVersion('s', 1, false)
      await other!.deleteSubject('t', false)
      await other!.deleteSubject('t', true)
    },
    topic,
  )
  await withRegistries(
    1,
    async registry => {
      const state = await registry!.read()
      expect(state.subjects()).toEqual(['s'])
      expect(state.versions('s').map(({ version, id, deleted }) => [version, id, deleted])).toEqual([
        [1, 1, true],
        [2, 3, false],
      ])
      expect(state.level('s')).toBe('NONE')
      expect(state.mode(null)).toBe('READWRITE')
    },
    topic,
  )
})

test('records have the form of the topic that registries share', async () => {
  const topic = randomUUID()
  await withRegistries(
    1,
    async registry => {
      await registry!.register('s', avro('"int"'), options)
      await registry!.setConfig(null, { compatibilityLevel: 'FULL' })
      await registry!.deleteSubject('s', false)
    },
    topic,
  )
  const seen: (readonly [string | undefined, string | undefined])[] = []
  const log = world.kafka.topicLog({
    topic,
    onRecord: ({ key, value }) => void seen.push([key?.toString(), value?.toString()]),
  })
  await log.start()
  await log.stop()
  expect(seen).toEqual([
    [
      '{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}',
      '{"subject":"s","version":1,"id":1,"schema":"\\"int\\"","deleted":false}',
    ],
    ['{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}'],
    ['{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}', '{"subject":"s","version":1}'],
  ])
})

describe('records that cannot be read', () => {
  const key = '{"keytype":"SCHEMA","subject":"s","version":2,"magic":1}'
  const written = async (topic: string, records: readonly (readonly [string, string | null])[]) => {
    const log = world.kafka.topicLog({ topic, onRecord: () => {} })
    await log.start()
    await log.append(
      records.map(([key, value]) => ({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })),
    )
    await log.stop()
  }

  test('and are none of a registry are passed over', async () => {
    const topic = randomUUID()
    await withRegistries(
      1,
      async registry => {
        await written(topic, [
          ['{"keytype":"NOOP","magic":0}', null],
          ['no key', 'x'],
          ['[]', null],
          ['{"keytype":"LATER","subject":"s"}', 'x'],
        ])
        expect(await registry!.register('s', avro('"int"'), options)).toMatchObject({ id: 1 })
      },
      topic,
    )
  })

  test('let all be read, and nothing be changed until they are gone: an id could be given twice', async () => {
    const topic = randomUUID()
    await withRegistries(
      1,
      async registry => {
        await registry!.register('s', avro('"int"'), options)
        await registry!.setConfig(null, { compatibilityLevel: 'NONE' })
        await written(topic, [[key, '{"subject":"s","version":2,']])
        expect(await registry!.register('s', avro('"int"'), options)).toMatchObject({ id: 1 })
        expect((await registry!.read()).versions('s')).toHaveLength(1)
        await expect(registry!.register('s', avro('"string"'), options)).rejects.toThrow(
          `the record with the key ${key} cannot be read`,
        )
      },
      topic,
    )
    // A registry that starts on it is as careful.
    await withRegistries(
      1,
      async registry => {
        await expect(registry!.register('s', avro('"string"'), options)).rejects.toThrow('cannot be read')
        await written(topic, [[key, null]])
        expect(await registry!.register('s', avro('"string"'), options)).toMatchObject({ id: 2, version: 2 })
      },
      topic,
    )
  })
})
