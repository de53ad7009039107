import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { PlainBenchmark, PlainContext } from '../bench.ts'
import { type ConversionFigure, converterSpec, type Leg, type Timing, transformSpec } from '../conversion.bench.ts'
import { converterCases, transformCases } from '../conversion-cases.ts'
import { inProcess } from '../in-process.ts'
import type { Figures } from '../metrics.ts'

const harness = fileURLToPath(new URL('../peer/Conversion.java', import.meta.url))

/** Kafka Connect's classes in a JVM of its own. Throws with what it said when it fails. */
const inJvm = async (jars: string, spec: unknown): Promise<ConversionFigure> => {
  const child = spawn('java', ['-Xms256M', '-Xmx512M', '-XX:+UseG1GC', '-cp', `${jars}/*`, harness])
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  // What it says when it ends early is the error, not the broken pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(spec))
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`java ${harness} ended with ${code}: ${said.slice(0, 2000)}`)
  return JSON.parse(out.trim().split('\n').at(-1)!) as ConversionFigure
}

const figures = ({ records, cpuSeconds, wallSeconds }: ConversionFigure): Figures => ({
  cpuSecondsPerMillion: (cpuSeconds / records) * 1e6,
  recordsPerSecond: records / wallSeconds,
})

// As long again to warm up: compilers must have had their time, the JVM's too.
const timing = (records: number): Timing => ({ warmUpMs: records / 500, ms: records / 500 })
const module = (tree: string) => join(tree, 'test', 'bench', 'conversion.bench.ts')
const ofKafka = (className: string) => className.startsWith('org.apache.kafka.')

const legs: readonly Leg[] = ['encode', 'decode', 'decode, left as bytes']

async function runConverters({ subject, records, cases = '' }: PlainContext): Promise<Record<string, Figures>> {
  const sample: Record<string, Figures> = {}
  const time = timing(records)
  for (const { name, class: className, config } of converterCases) {
    if (!name.includes(cases)) continue
    for (const leg of legs) {
      const lazy = leg === 'decode, left as bytes'
      if (lazy && config['schemas.enable'] !== 'false') continue
      if (subject.kind === 'jvm' && (lazy || !ofKafka(className))) continue
      const figure =
        subject.kind === 'jvm'
          ? await inJvm(subject.jars!, await converterSpec(name, leg as 'encode' | 'decode', time))
          : await inProcess<ConversionFigure>(module(subject.tree!), 'benchConverter', [name, leg, time])
      sample[`${name}, ${leg}`] = figures(figure)
    }
  }
  return sample
}

async function runTransforms({ subject, records, cases = '' }: PlainContext): Promise<Record<string, Figures>> {
  const sample: Record<string, Figures> = {}
  const time = timing(records)
  for (const { name, steps } of await transformCases()) {
    if (!name.includes(cases)) continue
    if (subject.kind === 'jvm' && !steps.every(step => ofKafka(step.class))) continue
    const figure =
      subject.kind === 'jvm'
        ? await inJvm(subject.jars!, await transformSpec(name, time))
        : await inProcess<ConversionFigure>(module(subject.tree!), 'benchTransforms', [name, time])
    sample[name] = figures(figure)
  }
  return sample
}

export const converters: PlainBenchmark = {
  name: 'converters',
  title: 'converters, both ways',
  doc: 'values in memory, each case in a process of its own; the JSON record has 10 fields and about 300 B',
  broker: false,
  peer: true,
  run: runConverters,
}

export const transforms: PlainBenchmark = {
  name: 'transforms',
  title: 'transforms, each alone and three in a chain',
  doc: 'records in memory, each case in a process of its own; the record of the first example of each, and of 10 fields for the chains',
  broker: false,
  peer: true,
  run: runTransforms,
}
