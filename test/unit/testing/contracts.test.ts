import { expect, test } from 'vitest'
import {
  type ConfigSpec,
  ConnectError,
  c,
  DataError,
  defineConverter,
  defineSink,
  defineSource,
  pause,
  RetriableError,
  type SinkTask,
  type SourceRecord,
  s,
} from '../../../runtime/api/index.ts'
import { converterContract, sinkContract, sourceContract } from '../../../runtime/testing/index.ts'

// The kits are only worth what they find: each fault here must be found, by the test that is named.

/** Titles of the tests that fail; of one test alone when `only` names it. */
const failing = async (declare: (test: (title: string, run: () => Promise<void>) => void) => void, only?: string) => {
  const declared: { title: string; run: () => Promise<void> }[] = []
  declare((title, run) => declared.push({ title, run }))
  const titles: string[] = []
  for (const { title, run } of declared.filter(one => only === undefined || one.title === only))
    await run().catch(() => {
      titles.push(title)
    })
  return titles
}

interface Flaws {
  readonly swap?: true
  readonly skip?: true
  readonly lateStop?: true
  readonly badOffset?: true
  readonly secret?: true
}

const sourceFaults = (flaws: Flaws, only?: string) => {
  const things: number[] = []
  const config: ConfigSpec = flaws.secret ? { password: c.string('The password.', { default: '' }) } : {}
  const source = defineSource({
    class: 'test.ListSource',
    version: '1.0.0',
    doc: 'Reads a list in memory.',
    config,
    async open(_, ctx) {
      const partition = { list: 1 }
      const [stored] = await ctx.offsets([partition])
      let at = Number(stored?.['at'] ?? 0)
      if (flaws.skip && at > 0) at++
      return {
        async *read() {
          while (!ctx.signal.aborted) {
            const batch: SourceRecord[] = things.slice(at).map(value => ({
              topic: 'list',
              value,
              sourcePartition: partition,
              sourceOffset: flaws.badOffset ? ({ at: new Date() } as never) : { at: value + 1 },
            }))
            at = things.length
            if (flaws.swap) batch.reverse()
            if (batch.length > 0) yield batch
            else await pause(5, ctx.signal)
          }
          if (flaws.lateStop) await pause(1200, new AbortController().signal)
        },
      }
    },
  })
  return failing(
    test =>
      sourceContract({
        test,
        source,
        patienceMs: 150,
        setup: async () => {
          things.length = 0
          return {
            config: {},
            produce: async count => {
              for (; count > 0; count--) things.push(things.length)
            },
            indexOf: record => record.value as number,
          }
        },
      }),
    only,
  )
}

test('the kit for sources passes a good one and finds what is wrong with others', async () => {
  expect(await sourceFaults({})).toEqual([])
  expect(await sourceFaults({ swap: true })).toContain('reads what is there and what comes, in order')
  expect(await sourceFaults({ skip: true })).toEqual(['resumes after any stored offset without loss'])
  expect(await sourceFaults({ badOffset: true })).toContain(
    'gives every record a topic and an offset that can be stored',
  )
  const stops = 'stops within a second while idle, and hears what was committed'
  expect(await sourceFaults({ lateStop: true }, stops)).toEqual([stops])
  expect(await sourceFaults({ secret: true })).toContain('describes itself')
})

const sinkFaults = (flaw?: 'drops' | 'commits early' | 'wrong error' | 'hates null' | 'doubles') => {
  let delivered: string[] = []
  let broken = false
  const sink = defineSink({
    class: 'test.ListSink',
    version: '1.0.0',
    doc: 'Writes to a list in memory.',
    config: {},
    open(): SinkTask {
      let buffered: string[] = []
      return {
        write(batch) {
          if (batch.some(record => record.value === null) && flaw === 'hates null') throw new DataError('null')
          const values = batch.flatMap(record => (record.value === null ? [] : [String(record.value)]))
          if (broken) throw flaw === 'wrong error' ? new ConnectError('down') : new RetriableError('down')
          if (flaw === 'drops') values.splice(2, 1)
          if (flaw === 'commits early') buffered.push(...values)
          else delivered.push(...values)
          if (flaw !== 'doubles') delivered = [...new Set(delivered)]
        },
        flush() {
          // Says that all is delivered, while the last ones are only held.
          delivered.push(...buffered.splice(0, Math.max(0, buffered.length - 1)))
          buffered = []
        },
      }
    },
  })
  return failing(test =>
    sinkContract({
      test,
      sink,
      idempotent: true,
      setup: async () => {
        delivered = []
        broken = false
        return {
          config: {},
          delivered: async () => delivered,
          breakOutside: async () => {
            broken = true
            return async () => {
              broken = false
            }
          },
        }
      },
    }),
  )
}

test('the kit for sinks passes a good one and finds what is wrong with others', async () => {
  expect(await sinkFaults()).toEqual([])
  expect(await sinkFaults('drops')).toContain('delivers in order, and lets no offset be committed before')
  expect(await sinkFaults('commits early')).toContain('delivers in order, and lets no offset be committed before')
  expect(await sinkFaults('wrong error')).toEqual(['takes the same batch again after a failure outside'])
  expect(await sinkFaults('hates null')).toEqual(['takes tombstones'])
  expect(await sinkFaults('doubles')).toEqual(['leaves one of each when a batch comes twice'])
})

test('the kit for converters finds values that change and errors of the wrong kind', async () => {
  const faults = (decode: (text: string) => string) =>
    failing(test =>
      converterContract({
        test,
        converter: defineConverter({
          class: 'test.TextConverter',
          version: '1.0.0',
          doc: 'Text, for tests of the kit.',
          config: {},
          create: () => ({
            encode: (_topic, _schema, value) => Buffer.from(String(value)),
            decode: (_topic, bytes) => ({
              schema: s.string(),
              value: bytes === null ? null : decode(Buffer.from(bytes).toString()),
            }),
          }),
        }),
        values: [{ schema: s.string(), value: 'a text' }],
        garbage: [Buffer.from('garbage')],
      }),
    )
  const refuse = (error: Error) => (text: string) => {
    if (text === 'garbage') throw error
    return text
  }
  expect(await faults(refuse(new DataError('garbage')))).toEqual([])
  expect(await faults(refuse(new TypeError('garbage')))).toEqual(['refuses garbage with a DataError'])
  expect(await faults(text => text.toUpperCase())).toEqual(['brings values back', 'refuses garbage with a DataError'])
})
