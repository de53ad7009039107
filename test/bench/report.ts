import { type Judged, judge, quotedJvm, valuesOf } from './goals.ts'
import type { Failure, Run } from './harness.ts'
import { type Metric, metricNames, metrics } from './metrics.ts'
import type { Report, Result } from './results.ts'
import { beyondFloor, floor, type Summary, summarize } from './statistics.ts'

export const number = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const cell = (summary: Summary | undefined, digits: number): string =>
  summary === undefined
    ? ''
    : `${number(summary.median, digits)} (${number(summary.min, digits)} to ${number(summary.max, digits)}, ${summary.runs})`

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

const summaryOf = (result: Result, side: string, what: string, metric: Metric): Summary | undefined => {
  const values = valuesOf(result, [side], what, metric)
  return values.length === 0 ? undefined : summarize(values)
}

/** The things a benchmark measured, in the order in which they were met. */
const parts = (result: Result): string[] => [...new Set(result.runs.flatMap(({ sample }) => Object.keys(sample)))]

/**
 * A ratio with what speaks against it: the same tree differs as much from itself, or single runs of both lie in the same range
 * (two medians of the same tree can be close by chance).
 */
const ratio = (one: Summary, again: Summary | undefined, other: Summary, floorFactor: number): string => {
  const value = other.median / one.median
  const [min, max] = [Math.min(one.min, again?.min ?? one.min), Math.max(one.max, again?.max ?? one.max)]
  const overlap = other.min <= max && other.max >= min
  const doubt = !beyondFloor(value, floorFactor) ? ' (within the floor)' : overlap ? ' (ranges overlap)' : ''
  return number(value, 2) + doubt
}

const figureRows = (result: Result): string[][] => {
  const [first, second, ...others] = result.sides
  return parts(result).flatMap(what =>
    metricNames.flatMap(metric => {
      const { title, digits } = metrics[metric]
      const summaries = result.sides.map(side => summaryOf(result, side, what, metric))
      if (summaries.every(summary => summary === undefined)) return []
      const [one, again] = [summaryOf(result, first!, what, metric), summaryOf(result, second!, what, metric)]
      const noise = one === undefined || again === undefined ? Number.NaN : floor(one, again)
      const compared = others.flatMap(side => {
        const other = summaryOf(result, side, what, metric)
        const comparable = one !== undefined && other !== undefined
        return [cell(other, digits), comparable ? ratio(one, again, other, noise) : '']
      })
      const range = quotedJvm(result.benchmark, what, metric)
      const quoted =
        range === undefined
          ? ''
          : range.low === range.high
            ? number(range.low, 0)
            : `${number(range.low, 0)} to ${number(range.high, 0)}`
      return [
        [
          what,
          title,
          cell(one, digits),
          cell(again, digits),
          Number.isNaN(noise) ? '' : number(noise, 2),
          ...compared,
          quoted,
        ],
      ]
    }),
  )
}

const section = (result: Result): string => {
  const [first, second, ...others] = result.sides
  const where =
    result.broker === undefined ? '' : `, ${result.broker === 'apache' ? 'Apache Kafka' : 'embedded broker'}`
  const head = [
    'what',
    'figure',
    first!,
    second!,
    'A/A floor',
    ...others.flatMap(side => [side, `${side} / ${first}`]),
    'JVM, measured earlier, same machine kind',
  ]
  const failures = result.failures.map(
    ({ side, round, error }) => `- **run ${round} of ${side} failed**: ${error.split('\n')[0]}`,
  )
  const busy = result.runs.filter(({ busyBefore }) => busyBefore >= 0.15).length
  return [
    `## ${result.title}${where}`,
    '',
    `${result.doc}. ${number(result.records, 0)} records per run.`,
    '',
    ...(result.runs.length > 0 ? [table(head, figureRows(result)), ''] : []),
    ...(busy > 0 ? [`The machine was busy with other work before ${busy} of ${result.runs.length} runs.`, ''] : []),
    ...(failures.length > 0 ? [...failures, ''] : []),
  ].join('\n')
}

const goalRow = ({ title, limit, atLeast, value, broker, verdict, jvm }: Judged): string[] => [
  title,
  `${atLeast ? 'at least' : 'at most'} ${limit}`,
  value === undefined ? '' : number(value, value < 100 ? 2 : 0),
  broker === 'apache' ? 'Apache Kafka' : broker,
  jvm,
  verdict,
]

/** The goals with a verdict each; those that nothing was measured for are named below. */
export function goalsTable({ results, quick }: Pick<Report, 'results' | 'quick'>): string {
  if (quick) return 'Not judged: --quick measures nothing.'
  const judged = judge(results)
  const measured = judged.filter(({ verdict }) => verdict !== 'not measured')
  const others = judged.filter(({ verdict }) => verdict === 'not measured').map(({ title }) => title)
  return [
    ...(measured.length > 0
      ? [table(['goal', 'limit', 'median', 'broker', "the JVM's", ''], measured.map(goalRow))]
      : []),
    ...(others.length > 0 ? [`Not measured: ${others.join('; ')}.`] : []),
  ].join('\n\n')
}

/** The whole report as Markdown. */
export function markdown(report: Report): string {
  const { machine } = report
  const used = Object.entries(report.parts).map(([name, version]) => `${name}: ${version}`)
  return [
    `# Benchmarks of ${report.startedAt.slice(0, 10)}`,
    '',
    `\`npm run bench -- ${report.arguments.join(' ')}\`, tree ${report.commit}. ${machine.cpus} cores (${machine.model}), ${number(machine.memoryMb / 1024, 0)} GB, ${machine.system}, Node ${machine.node}. ${used.join('; ')}.`,
    '',
    'Cells: median (min to max, runs). CPU is user and system time of the worker process, all threads. "A/A floor" is what the same tree showed against itself: a ratio nearer to 1 than that is noise.',
    ...(report.against === undefined ? [] : ['', `Compared with ${report.against}.`]),
    '',
    '## Goals',
    '',
    goalsTable(report),
    '',
    ...report.results.map(section),
  ].join('\n')
}

/** One line for the terminal when a run has ended. */
export function progress(result: Run | Failure): string {
  const head = `  ${result.side}, run ${result.round}: `
  if ('error' in result) return `${head}FAILED: ${result.error.split('\n').slice(0, 15).join('\n    ')}`
  const lines = Object.entries(result.sample).map(([what, figures]) => {
    const texts = metricNames.flatMap(metric => {
      const value = figures[metric]
      return value === undefined ? [] : [`${number(value, metrics[metric].digits)} ${metrics[metric].title}`]
    })
    return `${what === '' ? '' : `${what}: `}${texts.join(', ')}`
  })
  return lines.length === 1 ? head + lines[0] : `${head}\n${lines.map(line => `    ${line}`).join('\n')}`
}
