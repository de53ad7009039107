import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface Options {
  /** Names of benchmarks; undefined: all. */
  readonly only: readonly string[] | undefined
  /** Of `converters` and `transforms` the cases whose name has this text; undefined: all. */
  readonly cases: string | undefined
  readonly rounds: number
  readonly records: number
  readonly kafka: 'embedded' | 'apache' | 'both'
  /** Kafka Connect and Debezium beside it. */
  readonly peer: boolean
  /** Another checkout to compare with. */
  readonly against: string | undefined
  /** Where the JSON and the Markdown go. */
  readonly out: string
  /** Longest wait for the machine to be quiet before a run, seconds. */
  readonly quietSeconds: number
  /** Write docs/benchmarks.md, too. */
  readonly publish: boolean
  /** Few records, one round: nothing is measured. */
  readonly quick: boolean
  readonly list: boolean
  readonly help: boolean
}

export const usage = `npm run bench -- [--only NAME,...] [--cases TEXT] [--rounds N] [--records N] [--kafka embedded|apache|both]
                 [--peer] [--against DIR] [--quick] [--out DIR] [--publish] [--quiet-wait S] [--list]

  --only NAME,...    these benchmarks (--list prints the names); default all
  --cases TEXT       of converters and transforms the cases with this text in their name; default all
  --rounds N         runs of each side (default 3; starting a worker: at least 9)
  --records N        records of each run (default 1000000)
  --kafka WHICH      broker: embedded (ours), apache (jars from MILLRACE_KAFKA_LIBS or .real/kafka), both;
                     default both when the jars are there
  --peer             the same on Apache Kafka Connect with Debezium (needs Java 17 and Maven), on Apache Kafka
  --against DIR      another checkout as a side of its own, beside the two runs of this one
  --quick            20000 records, one round, no waiting: to see that everything works; its figures mean nothing
  --out DIR          where <date>.json and <date>.md go (default bench-results)
  --publish          put the report in docs/benchmarks.md, too
  --quiet-wait S     before each run wait until the machine is idle, at most S seconds (default 60)`

const whole = (name: string, text: string, least: number): number => {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} ${text} is no count: give a whole number of at least ${least}`)
  return value
}

/** Throws an Error with one line for people when an argument cannot be used. `jars`: Apache Kafka is there. */
export function parseOptions(args: readonly string[], jars: boolean, known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      cases: { type: 'string' },
      rounds: { type: 'string' },
      records: { type: 'string' },
      kafka: { type: 'string' },
      peer: { type: 'boolean', default: false },
      against: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench-results' },
      publish: { type: 'boolean', default: false },
      'quiet-wait': { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  const { quick } = values
  if (quick && values.publish) throw new Error('--publish with --quick: the figures of --quick mean nothing')
  const kafka = values.kafka ?? (jars || values.peer ? 'both' : 'embedded')
  if (kafka !== 'embedded' && kafka !== 'apache' && kafka !== 'both')
    throw new Error(`--kafka ${kafka} is not known: give embedded, apache or both`)
  const only = values.only?.split(',').map(name => name.trim())
  const strangers = only?.filter(name => !known.includes(name)) ?? []
  if (strangers.length > 0)
    throw new Error(`There is no benchmark ${strangers.join(', ')}: choose from ${known.join(', ')}`)
  return {
    only,
    cases: values.cases,
    rounds: whole('rounds', values.rounds ?? (quick ? '1' : '3'), 1),
    records: whole('records', values.records ?? (quick ? '20000' : '1000000'), 1000),
    kafka,
    peer: values.peer,
    against: values.against === undefined ? undefined : resolve(values.against),
    out: resolve(values.out),
    quietSeconds: whole('quiet-wait', values['quiet-wait'] ?? (quick ? '0' : '60'), 0),
    publish: values.publish,
    quick,
    list: values.list,
    help: values.help,
  }
}
