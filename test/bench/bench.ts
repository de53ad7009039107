import type { Sample } from './metrics.ts'
import type { KafkaPart } from './parts/kafka.ts'
import type { PostgresPart } from './parts/postgres.ts'
import type { S3Part } from './parts/s3.ts'
import type { Subject } from './subjects.ts'
import type { Witness } from './witness.ts'

/** What a benchmark may use; each part is started when it is first asked for and kept for all rounds. */
export interface Parts {
  readonly kafka: KafkaPart
  readonly witness: Witness
  database(): Promise<PostgresPart>
  objectStore(): Promise<S3Part>
  /** Runs `make` once per broker: for topics that all rounds read. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>
}

/** One run of one side. */
export interface PlainContext {
  readonly subject: Subject
  readonly records: number
  /** Text in the names of the cases to run; undefined: all. */
  readonly cases?: string | undefined
}

export interface RunContext extends PlainContext {
  /** Of this run alone: for names of topics, slots, prefixes. Letters, digits and `_`. */
  readonly id: string
  /** An empty folder of this run; removed afterwards. */
  readonly folder: string
  readonly parts: Parts
}

interface About {
  readonly name: string
  readonly title: string
  /** What was counted, and where. */
  readonly doc: string
  /** Whether Kafka Connect can do the same. */
  readonly peer: boolean
  /** At least so many rounds, unless --quick. */
  readonly leastRounds?: number
  /** The published package must have been built. */
  readonly built?: boolean
}

/** Runs once. */
export interface PlainBenchmark extends About {
  readonly broker: false
  run(context: PlainContext): Promise<Sample>
}

/** Runs on each kind of broker. */
export interface BrokerBenchmark extends About {
  readonly broker: true
  run(context: RunContext): Promise<Sample>
}

export type Benchmark = PlainBenchmark | BrokerBenchmark
