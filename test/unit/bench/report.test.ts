import { expect, test } from 'vitest'
import type { Figures } from '../../bench/metrics.ts'
import { markdown, number, progress } from '../../bench/report.ts'
import type { Report } from '../../bench/results.ts'

const run = (side: string, round: number, figures: Figures, busyBefore = 0) => ({
  side,
  round,
  sample: { '': figures },
  busyBefore,
})

const report: Report = {
  startedAt: '2026-01-02T03:04:05.678Z',
  arguments: ['--only', 'snapshot'],
  quick: false,
  commit: 'abc1234',
  against: '/elsewhere',
  machine: { cpus: 2, model: 'some CPU', memoryMb: 24_576, system: 'Linux 6', node: '24.0.0' },
  parts: { 'S3 server': 'versitygw' },
  results: [
    {
      benchmark: 'snapshot',
      title: 'Postgres snapshot -> topic',
      doc: 'rows counted in the topic',
      broker: 'apache',
      records: 1_000_000,
      sides: ['this tree', 'this tree again', 'other tree'],
      runs: [
        run('this tree', 1, { cpuSecondsPerMillion: 4, wallSeconds: 8 }),
        run('this tree again', 1, { cpuSecondsPerMillion: 5, wallSeconds: 8 }),
        run('other tree', 1, { cpuSecondsPerMillion: 4.5, wallSeconds: 16 }, 0.5),
        run('this tree', 2, { cpuSecondsPerMillion: 6, wallSeconds: 10 }),
      ],
      failures: [{ side: 'other tree', round: 2, error: 'Error: a record is missing\n    at somewhere' }],
    },
  ],
}

const lines = markdown(report).split('\n')

test('a row has medians with their range, the floor, and ratios that say when they are noise', () => {
  expect(lines).toContain(
    '|  | CPU s per million | 5.00 (4.00 to 6.00, 2) | 5.00 (5.00 to 5.00, 1) | 1.00 | 4.50 (4.50 to 4.50, 1) | 0.90 (ranges overlap) | 81 to 106 |',
  )
  expect(lines).toContain(
    '|  | wall s | 9.00 (8.00 to 10.00, 2) | 8.00 (8.00 to 8.00, 1) | 1.13 | 16.00 (16.00 to 16.00, 1) | 1.78 |  |',
  )
})

test('within the floor', () => {
  const [result] = report.results
  const runs = [
    run('this tree', 1, { wallSeconds: 10 }),
    run('this tree again', 1, { wallSeconds: 12 }),
    run('other tree', 1, { wallSeconds: 11 }),
  ]
  expect(markdown({ ...report, results: [{ ...result!, runs }] })).toContain('1.10 (within the floor)')
})

test('failures, other work on the machine and the goals are told', () => {
  expect(lines).toContain('- **run 2 of other tree failed**: Error: a record is missing')
  expect(lines).toContain('The machine was busy with other work before 1 of 4 runs.')
  expect(lines).toContain('| snapshot: CPU s per million | at most 5 | 5.00 | Apache Kafka |  | pass |')
  expect(lines.find(line => line.startsWith('Not measured: '))).toContain('idle worker: RSS MB')
})

test('--quick judges nothing', () => {
  const text = markdown({ ...report, quick: true })
  expect(text).toContain('Not judged')
  expect(text).not.toContain('| pass |')
})

test('a line for the terminal', () => {
  expect(progress(run('this tree', 1, { cpuSecondsPerMillion: 4, recordsPerSecond: 123_456 }))).toBe(
    '  this tree, run 1: 4.00 CPU s per million, 123,456 records/s',
  )
  expect(progress({ side: 'B', round: 2, error: 'Error: no' })).toBe('  B, run 2: FAILED: Error: no')
  expect(number(1234.5, 1)).toBe('1,234.5')
})
