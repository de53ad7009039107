import assert from 'node:assert/strict'
import type { ConfigSpec } from '../api/config.ts'
import type { SinkDefinition, SinkTask } from '../api/define.ts'
import { isRetriable } from '../api/errors.ts'
import { SinkRecord, type TopicPartition, type TopicPartitionOffset } from '../api/record.ts'
import { checkDescription, type DeclareTest, parsedConfig, silentLog, within } from './contract.ts'

/** One outside world for one test. */
export interface SinkWorld {
  readonly config: Readonly<Record<string, string>>
  /** The values of `valueOf` that have arrived outside, in order within a partition. */
  delivered(): Promise<readonly string[]>
  /** Makes the outside fail (refuse, answer errors) until the returned function is called. Without it, the tests of failures are left out. */
  readonly breakOutside?: () => Promise<() => Promise<void>>
  close?(): Promise<void>
}

export interface SinkContract<C extends ConfigSpec> {
  readonly test: DeclareTest
  readonly sink: SinkDefinition<C>
  readonly setup: () => Promise<SinkWorld>
  /** The value of the record with this number, and what `delivered` shows for it. Default: the text `value-N`, shown as it is. */
  readonly record?: (index: number) => Partial<SinkRecord>
  readonly shown?: (index: number) => string
  /** Writing a record again leaves one of it outside. Default false: at least one. */
  readonly idempotent?: boolean
  /** Null values are taken (written, ignored or deleting) rather than refused with an error. */
  readonly acceptsNull?: boolean
}

const topic = 'contract'

/** A sink that runs like in a worker: assigned, written to, flushed. */
class SinkRun {
  readonly task: SinkTask
  readonly rejected: SinkRecord[]
  readonly #abort: AbortController

  private constructor(task: SinkTask, abort: AbortController, rejected: SinkRecord[]) {
    this.task = task
    this.#abort = abort
    this.rejected = rejected
  }

  static async open<C extends ConfigSpec>(
    sink: SinkDefinition<C>,
    props: Readonly<Record<string, string>>,
    from = 0,
  ): Promise<SinkRun> {
    const abort = new AbortController()
    const rejected: SinkRecord[] = []
    const seeks: TopicPartitionOffset[] = []
    const task = await sink.open(parsedConfig(sink.config, { topics: topic, ...props }), {
      connector: 'contract',
      task: 0,
      log: silentLog,
      originals: { topics: topic, ...props },
      signal: abort.signal,
      progress() {},
      reject: record => void rejected.push(record),
      pause() {},
      resume() {},
      seek: offsets => void seeks.push(...offsets),
      requestCommit() {},
      wakeAfter() {},
    })
    const run = new SinkRun(task, abort, rejected)
    await task.assigned?.([{ topic, partition: 0, offset: from }])
    return run
  }

  /** The next offset that may be committed. */
  async flush(written: number): Promise<number> {
    const safe = await this.task.flush?.([{ topic, partition: 0, offset: written }])
    if (safe === undefined) return written
    return safe.find(at => at.topic === topic && at.partition === 0)?.offset ?? 0
  }

  async stop(): Promise<void> {
    const partitions: TopicPartition[] = [{ topic, partition: 0 }]
    this.#abort.abort()
    await this.task.revoked?.(partitions)
    await this.task.close?.()
  }
}

/**
 * Declares the tests that every sink must pass: delivery in order, never an offset beyond what is delivered, the same batch
 * again after a failure outside, empty batches, tombstones, a quick stop.
 */
export const sinkContract = <C extends ConfigSpec>(contract: SinkContract<C>): void => {
  const {
    test,
    sink,
    setup,
    shown = index => `value-${index}`,
    record = index => ({ value: `value-${index}` }),
    idempotent = false,
    acceptsNull = true,
  } = contract
  const inWorld = (run: (world: SinkWorld) => Promise<void>) => async () => {
    const world = await setup()
    try {
      await run(world)
    } finally {
      await world.close?.()
    }
  }
  const batch = (first: number, end: number): SinkRecord[] =>
    Array.from(
      { length: end - first },
      (_, at) =>
        new SinkRecord({
          topic,
          partition: 0,
          offset: first + at,
          timestamp: 1_700_000_000_000 + first + at,
          key: null,
          value: null,
          ...record(first + at),
        }),
    )
  const expected = (end: number) => Array.from({ length: end }, (_, index) => shown(index))

  /** What has arrived must be exactly what lies before the offset that may be committed, or more; never less (invariant 3). */
  const checkSafe = async (world: SinkWorld, safe: number) => {
    const delivered = await world.delivered()
    assert.deepEqual(
      delivered.slice(0, safe),
      expected(safe),
      `offset ${safe} may be committed, but not all before it is outside`,
    )
  }

  test('describes itself', async () => checkDescription(sink))

  test(
    'delivers in order, and lets no offset be committed before',
    inWorld(async world => {
      const run = await SinkRun.open(sink, world.config)
      await run.task.write([])
      await run.task.write(batch(0, 3))
      await checkSafe(world, await run.flush(3))
      await run.task.write(batch(3, 10))
      await checkSafe(world, await run.flush(10))
      await run.stop()
      assert.deepEqual(run.rejected, [])
    }),
  )

  test(
    'starts again at the committed offset without loss',
    inWorld(async world => {
      const first = await SinkRun.open(sink, world.config)
      await first.task.write(batch(0, 7))
      const safe = await first.flush(7)
      await first.stop()
      const second = await SinkRun.open(sink, world.config, safe)
      await second.task.write(batch(safe, 12))
      await checkSafe(world, await second.flush(12))
      await second.stop()
    }),
  )

  if (idempotent) {
    test(
      'leaves one of each when a batch comes twice',
      inWorld(async world => {
        for (let time = 0; time < 2; time++) {
          const run = await SinkRun.open(sink, world.config)
          await run.task.write(batch(0, 10))
          await run.flush(10)
          await run.stop()
        }
        const delivered = await world.delivered()
        assert.deepEqual(delivered, expected(delivered.length))
      }),
    )
  }

  if (acceptsNull) {
    test(
      'takes tombstones',
      inWorld(async world => {
        const run = await SinkRun.open(sink, world.config)
        await run.task.write([
          ...batch(0, 1),
          new SinkRecord({ topic, partition: 0, offset: 1, key: 'k', value: null }),
          ...batch(2, 3),
        ])
        await run.flush(3)
        await run.stop()
      }),
    )
  }

  test(
    'takes the same batch again after a failure outside',
    inWorld(async world => {
      if (world.breakOutside === undefined) return
      const run = await SinkRun.open(sink, world.config)
      const mend = await world.breakOutside()
      let failed: unknown
      try {
        await run.task.write(batch(0, 5))
        failed = await run.flush(5).then(
          safe => assert.equal(safe, 0, 'nothing can have arrived, yet an offset may be committed'),
          (error: unknown) => error,
        )
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        failed = error
      }
      if (failed !== undefined)
        assert.ok(isRetriable(failed), `a failure outside must be a RetriableError, not ${failed}`)
      await mend()
      await run.task.write(batch(0, 5))
      await checkSafe(world, await run.flush(5))
      await run.stop()
    }),
  )

  test(
    'stops within a second while idle',
    inWorld(async world => {
      const run = await SinkRun.open(sink, world.config)
      await within(1000, 'stopping an idle sink', run.stop())
    }),
  )
}
