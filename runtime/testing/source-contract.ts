import assert from 'node:assert/strict'
import type { ConfigSpec } from '../api/config.ts'
import type { SourceDefinition, SourceTask, Work } from '../api/define.ts'
import { resolveLazy } from '../api/lazy.ts'
import type { OffsetMap, SourceRecord } from '../api/record.ts'
import { checkDescription, type DeclareTest, parsedConfig, silentLog, within } from './contract.ts'
import { keptRecord } from './kept-record.ts'

/** One outside world for one test. */
export interface SourceWorld {
  readonly config: Readonly<Record<string, string>>
  /** Makes `count` more things appear outside; they must be read in the order in which they were made. */
  produce(count: number): Promise<void>
  /** Which thing a record is about, counted from 0 in order of `produce`; undefined for a record beside the point (a tombstone). */
  indexOf(record: SourceRecord): number | undefined
  close?(): Promise<void>
}

export interface SourceContract<C extends ConfigSpec, W extends Work> {
  readonly test: DeclareTest
  readonly source: SourceDefinition<C, W>
  readonly setup: () => Promise<SourceWorld>
  /** How long a record may take from outside to `read`, ms. */
  readonly patienceMs?: number
}

const partitionKey = (partition: OffsetMap): string =>
  JSON.stringify(partition, (_, value) => (typeof value === 'bigint' ? String(value) : value))

/** A source that runs like in a worker, with offsets kept in a map. */
class SourceRun {
  readonly records: SourceRecord[] = []
  readonly #abort: AbortController
  readonly #task: SourceTask
  readonly #pump: Promise<void>
  #wake: () => void = () => {}

  private constructor(task: SourceTask, abort: AbortController) {
    this.#task = task
    this.#abort = abort
    this.#pump = this.#read()
  }

  static async open<C extends ConfigSpec, W extends Work>(
    source: SourceDefinition<C, W>,
    props: Readonly<Record<string, string>>,
    stored: ReadonlyMap<string, OffsetMap>,
  ): Promise<SourceRun> {
    const config = parsedConfig(source.config, props)
    const context = { connector: 'contract', log: silentLog, originals: props }
    const [work] = source.split === undefined ? [{} as W] : await source.split(config, 1, context)
    assert.ok(work !== undefined, 'split answered with no work for one task')
    const abort = new AbortController()
    const task = await source.open(
      config,
      {
        ...context,
        task: 0,
        signal: abort.signal,
        progress() {},
        offsets: async partitions => partitions.map(partition => stored.get(partitionKey(partition))),
      },
      work,
    )
    return new SourceRun(task, abort)
  }

  async #read(): Promise<void> {
    for await (const batch of this.#task.read()) {
      this.records.push(...batch.map(keptRecord))
      this.#wake()
      if (this.#abort.signal.aborted) return
    }
  }

  async until(enough: () => boolean, ms: number, what: string): Promise<void> {
    const arrived = (async () => {
      while (!enough()) {
        await Promise.race([
          new Promise<void>(resolve => {
            this.#wake = resolve
          }),
          // A source that fails must fail the test, not make it wait.
          this.#pump.then(() => assert.ok(enough(), `read ended before ${what}`)),
        ])
      }
    })()
    await within(ms, what, arrived)
  }

  async committed(record: SourceRecord): Promise<void> {
    await this.#task.committed?.([{ partition: record.sourcePartition, offset: record.sourceOffset }])
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#pump
    await this.#task.close?.()
  }
}

/**
 * Declares the tests that every source must pass: order, resuming at any offset, nothing read again, a quick stop while
 * idle, offsets that can be stored.
 */
export const sourceContract = <C extends ConfigSpec, W extends Work>({
  test,
  source,
  setup,
  patienceMs = 10_000,
}: SourceContract<C, W>): void => {
  const inWorld = (run: (world: SourceWorld) => Promise<void>) => async () => {
    const world = await setup()
    try {
      await run(world)
    } finally {
      await world.close?.()
    }
  }
  const indexes = (world: SourceWorld, records: readonly SourceRecord[]) =>
    records.map(record => world.indexOf(record)).filter(index => index !== undefined)
  const upTo = (first: number, end: number) => Array.from({ length: end - first }, (_, at) => first + at)

  test('describes itself', async () => checkDescription(source))

  test(
    'reads what is there and what comes, in order',
    inWorld(async world => {
      await world.produce(5)
      const run = await SourceRun.open(source, world.config, new Map())
      await run.until(() => indexes(world, run.records).length >= 5, patienceMs, 'the first five')
      await world.produce(3)
      await run.until(() => indexes(world, run.records).length >= 8, patienceMs, 'three more')
      await run.stop()
      assert.deepEqual(indexes(world, run.records), upTo(0, 8))
    }),
  )

  test(
    'gives every record a topic and an offset that can be stored',
    inWorld(async world => {
      await world.produce(2)
      const run = await SourceRun.open(source, world.config, new Map())
      await run.until(() => indexes(world, run.records).length >= 2, patienceMs, 'two records')
      await run.stop()
      for (const record of run.records) {
        assert.ok(record.topic.length > 0)
        resolveLazy(record.value)
        for (const map of [record.sourcePartition, record.sourceOffset]) {
          for (const [key, value] of Object.entries(map)) {
            assert.ok(
              value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value),
              `${key} of an offset is a ${typeof value}: only plain JSON values can be stored`,
            )
          }
        }
      }
    }),
  )

  test(
    'resumes after any stored offset without loss',
    inWorld(async world => {
      await world.produce(4)
      const first = await SourceRun.open(source, world.config, new Map())
      await first.until(() => indexes(world, first.records).length >= 4, patienceMs, 'four records')
      const kept = first.records.filter(record => world.indexOf(record) !== undefined)
      await first.stop()
      for (const stored of [1, 3]) {
        const record = kept[stored]!
        const second = await SourceRun.open(
          source,
          world.config,
          new Map([[partitionKey(record.sourcePartition), record.sourceOffset]]),
        )
        if (stored === 3) await world.produce(1)
        const expected = upTo(stored + 1, stored === 3 ? 5 : 4)
        await second.until(
          () => expected.every(index => indexes(world, second.records).includes(index)),
          patienceMs,
          `what follows record ${stored}`,
        )
        await second.stop()
        const seen = indexes(world, second.records)
        assert.deepEqual(seen.slice(-expected.length), expected)
      }
    }),
  )

  test(
    'stops within a second while idle, and hears what was committed',
    inWorld(async world => {
      await world.produce(1)
      const run = await SourceRun.open(source, world.config, new Map())
      await run.until(() => indexes(world, run.records).length >= 1, patienceMs, 'one record')
      await run.committed(run.records.at(-1)!)
      await within(1000, 'stopping an idle source', run.stop())
    }),
  )
}
