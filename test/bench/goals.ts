import { type Metric, metrics } from './metrics.ts'
import type { Result } from './results.ts'
import { median } from './statistics.ts'

/** A range that Kafka Connect 4.3.0 with Debezium 3.6.1 or Aiven's S3 sink showed: measured earlier, same machine kind. */
export interface Quoted {
  readonly low: number
  readonly high: number
}

// The range covers rows inserted while it streamed, updates one by one, and a backlog.
const streamJvm = {
  cpuSecondsPerMillion: { low: 67, high: 107 },
  recordsPerSecond: { low: 9000, high: 19_000 },
  peakRssMb: { low: 2100, high: 2400 },
}

type QuotedFigures = Readonly<Partial<Record<Metric, Quoted>>>

/** By benchmark, what of it, and metric. `start`: from bare to with the plugins of Debezium and an S3 sink. */
const quoted: Readonly<Record<string, Readonly<Record<string, QuotedFigures>>>> = {
  snapshot: {
    '': {
      cpuSecondsPerMillion: { low: 81, high: 106 },
      recordsPerSecond: { low: 14_000, high: 19_000 },
      peakRssMb: { low: 2100, high: 2400 },
    },
  },
  stream: { '': streamJvm },
  backlog: { '': streamJvm },
  s3: {
    '': {
      cpuSecondsPerMillion: { low: 44, high: 58 },
      recordsPerSecond: { low: 15_000, high: 22_000 },
      peakRssMb: { low: 2100, high: 2400 },
    },
  },
  whole: {
    '': {
      cpuSecondsPerMillion: { low: 205, high: 229 },
      wallSeconds: { low: 199, high: 235 },
      peakRssMb: { low: 2100, high: 2400 },
    },
  },
  latency: { '': { latencyMedianMs: { low: 345, high: 345 } } },
  idle: { worker: { rssMb: { low: 440, high: 440 } } },
  start: { package: { readyMs: { low: 7400, high: 25_000 } } },
}

/** What is known of the JVM for a figure. */
export const quotedJvm = (benchmark: string, what: string, metric: Metric): Quoted | undefined =>
  quoted[benchmark]?.[what]?.[metric]

interface Goal {
  readonly title: string
  readonly benchmark: string
  readonly what: string
  readonly metric: Metric
  /** The figure is at most this; with `timesJvm` at least this many times as good as the JVM's. */
  readonly limit: number
  readonly timesJvm?: boolean
  /** Of fewer records the figure says nothing: what is used once per run weighs too much. */
  readonly leastRecords: number
}

const many = 500_000

const rate = (benchmark: string, title: string, limit: number): Goal => ({
  title: `${title}: rate, times the JVM's`,
  benchmark,
  what: '',
  metric: 'recordsPerSecond',
  limit,
  timesJvm: true,
  leastRecords: many,
})

const most = (
  title: string,
  benchmark: string,
  metric: Metric,
  limit: number,
  what = '',
  leastRecords = many,
): Goal => ({ title, benchmark, what, metric, limit, leastRecords })

/** Of what one core does: CPU time per record, beside the JVM's. */
const perCore = (what: string, limit: number): Goal => ({
  title: `${what}: per core, times the JVM's`,
  benchmark: 'converters',
  what,
  metric: 'cpuSecondsPerMillion',
  limit,
  timesJvm: true,
  leastRecords: many,
})

export const goals: readonly Goal[] = [
  most('snapshot: CPU s per million', 'snapshot', 'cpuSecondsPerMillion', 5),
  most('snapshot, schemas: CPU s per million', 'snapshot-schemas', 'cpuSecondsPerMillion', 10),
  rate('snapshot', 'snapshot', 5),
  most('stream: CPU s per million', 'stream', 'cpuSecondsPerMillion', 6),
  most('stream, schemas: CPU s per million', 'stream-schemas', 'cpuSecondsPerMillion', 12),
  rate('stream', 'stream', 4),
  most('backlog: CPU s per million', 'backlog', 'cpuSecondsPerMillion', 6),
  rate('backlog', 'backlog', 4),
  most('commit -> topic at 1,000/s: median ms', 'latency', 'latencyMedianMs', 20, '', 10_000),
  most('topic -> S3: CPU s per million', 's3', 'cpuSecondsPerMillion', 12),
  rate('s3', 'topic -> S3', 3),
  most('topic -> S3, change events: CPU s per million', 's3-envelopes', 'cpuSecondsPerMillion', 12),
  most('the whole, 1,000,000 rows: wall s', 'whole', 'wallSeconds', 30, '', 1_000_000),
  most('the whole, 1,000,000 rows: CPU s', 'whole', 'cpuSeconds', 20, '', 1_000_000),
  most('snapshot: peak RSS MB', 'snapshot', 'peakRssMb', 250),
  most('stream: peak RSS MB', 'stream', 'peakRssMb', 250),
  most('backlog: peak RSS MB', 'backlog', 'peakRssMb', 250),
  most('topic -> S3: peak RSS MB', 's3', 'peakRssMb', 300),
  most('topic -> S3, change events: peak RSS MB', 's3-envelopes', 'peakRssMb', 300),
  most('the whole: peak RSS MB', 'whole', 'peakRssMb', 300),
  most('idle worker: RSS MB', 'idle', 'rssMb', 120, 'worker', 0),
  perCore('json, schemas off, encode', 1),
  perCore('json, schemas off, decode', 1),
  perCore('json, schemas on, encode', 2),
  perCore('json, schemas on, decode', 2),
  // 1,000,000 records per second and core.
  most(
    'chain of three, no schema: CPU s per million',
    'transforms',
    'cpuSecondsPerMillion',
    1,
    'chain of three, no schema',
  ),
  most('chain of three, schema: CPU s per million', 'transforms', 'cpuSecondsPerMillion', 1, 'chain of three, schema'),
  most('start to REST ready, ms', 'start', 'readyMs', 600, 'package', 0),
  most('start with the embedded broker, ms', 'start', 'readyMs', 900, 'package, embedded broker', 0),
  most('start from the sources, ms', 'start', 'readyMs', 600, 'sources', 0),
  most('start from the sources with the embedded broker, ms', 'start', 'readyMs', 900, 'sources, embedded broker', 0),
]

export interface Judged {
  readonly title: string
  readonly limit: number
  readonly atLeast: boolean
  /** Undefined when it was not measured. */
  readonly value: number | undefined
  readonly broker: string
  readonly verdict: 'pass' | 'FAIL' | 'not measured' | 'too few records' | 'runs failed'
  /** What the JVM's figure is, for a rate. */
  readonly jvm: string
}

/** All values of a figure of some sides. */
export const valuesOf = (result: Result, sides: readonly string[], what: string, metric: Metric): number[] =>
  result.runs
    .filter(({ side }) => sides.includes(side))
    .flatMap(({ sample }) => {
      const value = sample[what]?.[metric]
      return value === undefined ? [] : [value]
    })

/** Name of the side that runs Kafka Connect. */
export const jvmSide = 'Kafka Connect'

/** Compares the results with the goals; on Apache Kafka where that was measured, otherwise on the embedded broker. */
export function judge(results: readonly Result[]): Judged[] {
  return goals.map(goal => {
    const { title, limit, timesJvm: atLeast = false } = goal
    const found = results.filter(({ benchmark }) => benchmark === goal.benchmark)
    const result = found.find(({ broker }) => broker === 'apache') ?? found[0]
    const own = result?.sides.slice(0, 2) ?? []
    const values = result === undefined ? [] : valuesOf(result, own, goal.what, goal.metric)
    const base = { title, limit, atLeast, broker: result?.broker ?? '' }
    const failed = result?.failures.some(({ side }) => own.includes(side)) ?? false
    if (result === undefined || values.length === 0)
      return { ...base, value: undefined, verdict: failed ? 'runs failed' : 'not measured', jvm: '' }
    let value = median(values)
    let jvm = ''
    if (atLeast) {
      const measured = valuesOf(result, [jvmSide], goal.what, goal.metric)
      const known = quotedJvm(goal.benchmark, goal.what, goal.metric)
      if (measured.length === 0 && known === undefined)
        return { ...base, value: undefined, verdict: 'not measured', jvm: '' }
      const less = metrics[goal.metric].better === 'less'
      // Where only a range is known we are compared with its better end.
      const other = measured.length > 0 ? median(measured) : less ? known!.low : known!.high
      jvm = `${less ? other.toFixed(2) : Math.round(other)} ${measured.length > 0 ? 'measured beside it' : 'measured earlier, best'}`
      value = less ? other / value : value / other
    }
    const met = atLeast ? value >= limit : value <= limit
    const enough = result.records >= goal.leastRecords
    return {
      ...base,
      value,
      verdict: failed ? 'runs failed' : !enough ? 'too few records' : met ? 'pass' : 'FAIL',
      jvm,
    }
  })
}
