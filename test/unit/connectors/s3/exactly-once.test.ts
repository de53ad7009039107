import fc from 'fast-check'
import { isRetriable, type SinkContext, SinkRecord, type TopicPartitionOffset } from 'millrace'
import { describe, expect, it } from 'vitest'
import { confluentConfig } from '../../../../connectors/s3/confluent-config.ts'
import type { ConfluentSettings } from '../../../../connectors/s3/confluent-layout.ts'
import { confluentTask } from '../../../../connectors/s3/confluent-settings.ts'
import { S3SinkTask, type TaskSettings } from '../../../../connectors/s3/sink-task.ts'
import { parseConfig } from '../../../../runtime/config/parse.ts'
import { type Fate, MemoryBucket } from '../../../support/fakes/memory-object-store.ts'

/**
 * Workers that die at any request, answers that are lost, S3 that refuses, settings that change between lives, rotation by
 * a clock that nobody can repeat, commits that never reach Kafka: at the end no record is missing below the committed
 * offset, and none is there twice (invariants 3 and 6). To see it fail: let `PartitionWriter.take` ignore `stored`.
 */
interface Life {
  readonly flushSize: number
  /** Drawn when a file opens: due at the next record, or never. */
  readonly ticks: readonly boolean[]
  readonly fates: readonly Fate[]
  readonly steps: readonly ({ readonly write: number } | { readonly commit: boolean } | { readonly rewind: true })[]
}

const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fate>('ok') },
  { weight: 2, arbitrary: fc.constantFrom<Fate>('refused', 'unanswered') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('dies-before', 'dies-after') },
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ write: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 3, arbitrary: fc.record({ commit: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ rewind: true as const }) },
)
const life: fc.Arbitrary<Life> = fc.record({
  flushSize: fc.integer({ min: 1, max: 6 }),
  ticks: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
  fates: fc.array(fate, { maxLength: 30 }),
  steps: fc.array(step, { maxLength: 14 }),
})

const settingsOf = ({ flushSize, ticks }: Life, fields: boolean): TaskSettings => {
  const { config, problems } = parseConfig(confluentConfig, {
    's3.bucket.name': 'lake',
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'flush.size': String(flushSize),
    's3.part.retries': '1',
    's3.retry.backoff.ms': '0',
    'retry.backoff.ms': '0',
    ...(fields && {
      'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
      'partition.field.name': 'kind',
    }),
  })
  expect(problems).toEqual([])
  const settings = confluentTask(config as unknown as ConfluentSettings, {})
  let drawn = 0
  const nextSchedule = () => (ticks[drawn++ % ticks.length] ? 0 : Number.POSITIVE_INFINITY)
  // A part of a hundred bytes makes multipart uploads of small objects: the store in memory takes any size.
  return { ...settings, partBytes: 100, rotation: { ...settings.rotation, nextSchedule } }
}

const contextOf = (seek: (offsets: readonly TopicPartitionOffset[]) => void): SinkContext => ({
  connector: 'sink',
  task: 0,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  originals: {},
  signal: new AbortController().signal,
  progress() {},
  reject() {},
  pause() {},
  resume() {},
  seek,
  requestCommit() {},
  wakeAfter() {},
})

const batch = (first: number, end: number): SinkRecord[] =>
  Array.from({ length: Math.max(0, end - first) }, (_, index) => {
    const offset = first + index
    // Offset 13 does not exist: transactions and compaction leave gaps.
    return new SinkRecord({ topic: 't', partition: 0, offset, value: { offset, kind: offset % 3 === 0 ? 'a' : 'b' } })
  }).filter(record => record.offset !== 13)

/** A partition in Kafka and the worker that reads it. */
class World {
  readonly bucket = new MemoryBucket()
  committed = 0

  async live(one: Life, fields: boolean): Promise<void> {
    const fates = [...one.fates]
    const { store, died } = this.bucket.connect(() => fates.shift() ?? 'ok')
    let position = this.committed
    const task = new S3SinkTask(
      settingsOf(one, fields),
      store,
      contextOf(([at]) => {
        position = at!.offset
      }),
    )
    task.assigned([{ topic: 't', partition: 0, offset: this.committed }])
    let dead = false
    const gone = died.then(() => {
      dead = true
    })
    const untilTaken = async (records: readonly SinkRecord[]) => {
      for (let attempt = 0; !dead; attempt++) {
        const outcome = await Promise.race([
          task.write(records).then(
            () => 'taken',
            (error: unknown) => {
              if (!isRetriable(error)) throw error
              return 'again'
            },
          ),
          gone,
        ])
        if (outcome !== 'again') return
        if (attempt > 1000) throw new Error('never taken')
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    for (const next of one.steps) {
      if (dead) return
      if ('write' in next) {
        const from = position
        position = from + next.write
        await untilTaken(batch(from, from + next.write))
      } else if ('rewind' in next) position = this.committed
      else {
        const safe = await Promise.race([task.flush([{ topic: 't', partition: 0, offset: position }]), gone])
        const offset = safe?.[0]?.offset
        // The commit may be lost on its way to Kafka.
        if (!dead && offset !== undefined && next.commit) this.committed = offset
      }
    }
    // The last life is not cut off in the middle of what it sent.
    if (!dead) await Promise.race([task.close(), gone])
  }

  rows(): number[] {
    return [...this.bucket.objects.values()].flatMap(({ bytes }) =>
      bytes
        .toString('utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => (JSON.parse(line) as { offset: number }).offset),
    )
  }
}

const calm: Life = {
  flushSize: 4,
  ticks: [false],
  fates: [],
  steps: [{ write: 40 }, { commit: true }, { commit: true }],
}

describe('each record is in one object once', () => {
  for (const fields of [false, true]) {
    it(`whatever dies when, ${fields ? 'with directories by field' : 'with the default partitioner'}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async lives => {
          const world = new World()
          for (const one of lives) await world.live(one, fields)
          // A dead worker's last requests are settled: what comes now repeats and completes.
          await world.live(calm, fields)
          const rows = world.rows().sort((a, b) => a - b)
          const expected = batch(0, world.committed).map(record => record.offset)
          expect(rows.filter(offset => offset < world.committed)).toEqual(expected)
          expect(new Set(rows).size).toBe(rows.length)
        }),
        { numRuns: 100 },
      )
    })
  }
})
