import { expect, test } from 'vitest'
import { goals, judge, jvmSide, quotedJvm } from '../../bench/goals.ts'
import type { Figures } from '../../bench/metrics.ts'
import type { Result } from '../../bench/results.ts'

const result = (
  broker: 'embedded' | 'apache',
  records: number,
  figures: readonly Figures[],
  jvm: readonly Figures[] = [],
): Result => ({
  benchmark: 'snapshot',
  title: 'snapshot',
  doc: '',
  broker,
  records,
  sides: ['A', 'A again', jvmSide],
  runs: [
    ...figures.map((sample, index) => ({
      side: index % 2 === 0 ? 'A' : 'A again',
      round: 1,
      sample: { '': sample },
      busyBefore: 0,
    })),
    ...jvm.map(sample => ({ side: jvmSide, round: 1, sample: { '': sample }, busyBefore: 0 })),
  ],
  failures: [],
})

const verdict = (results: readonly Result[], title: string) => judge(results).find(goal => goal.title === title)!
const cpu = 'snapshot: CPU s per million'
const rate = "snapshot: rate, times the JVM's"

test('the median of both runs of the tree is judged', () => {
  const runs = [4, 4.9, 9].map(cpuSecondsPerMillion => ({ cpuSecondsPerMillion }))
  expect(verdict([result('apache', 1e6, runs)], cpu)).toMatchObject({ value: 4.9, verdict: 'pass' })
  const slow = [4, 5.1, 9].map(cpuSecondsPerMillion => ({ cpuSecondsPerMillion }))
  expect(verdict([result('apache', 1e6, slow)], cpu)).toMatchObject({ value: 5.1, verdict: 'FAIL' })
})

test('Apache Kafka counts before the embedded broker', () => {
  const embedded = result('embedded', 1e6, [{ cpuSecondsPerMillion: 3 }])
  const apache = result('apache', 1e6, [{ cpuSecondsPerMillion: 8 }])
  expect(verdict([embedded, apache], cpu)).toMatchObject({ broker: 'apache', verdict: 'FAIL' })
  expect(verdict([embedded], cpu)).toMatchObject({ broker: 'embedded', verdict: 'pass' })
})

test('a rate is compared with the JVM beside it, or with the best that was measured of it', () => {
  const own = [{ recordsPerSecond: 100_000 }]
  expect(verdict([result('apache', 1e6, own)], rate)).toMatchObject({
    value: 100_000 / quotedJvm('snapshot', '', 'recordsPerSecond')!.high,
    verdict: 'pass',
    jvm: '19000 measured earlier, best',
  })
  const beside = result('apache', 1e6, own, [{ recordsPerSecond: 25_000 }])
  expect(verdict([beside], rate)).toMatchObject({ value: 4, verdict: 'FAIL', jvm: '25000 measured beside it' })
})

test('few records, failed runs and nothing at all are no passes', () => {
  const fine = [{ cpuSecondsPerMillion: 1 }]
  expect(verdict([result('apache', 20_000, fine)], cpu).verdict).toBe('too few records')
  expect(verdict([], cpu)).toMatchObject({ value: undefined, verdict: 'not measured' })
  const failures = [{ side: 'A again', round: 2, error: 'lost a record' }]
  expect(verdict([{ ...result('apache', 1e6, fine), failures }], cpu).verdict).toBe('runs failed')
  expect(verdict([{ ...result('apache', 1e6, []), failures }], cpu).verdict).toBe('runs failed')
})

test("every rate that is compared with the JVM's has one to compare with", () => {
  for (const { benchmark, what, metric, timesJvm } of goals) {
    // CPU per record is judged only when the JVM was measured beside it.
    if (timesJvm && metric === 'recordsPerSecond')
      expect(quotedJvm(benchmark, what, metric), `${benchmark} ${metric}`).toBeDefined()
  }
})

test('CPU per record beside the JVM: less is better, and nothing is judged without the JVM', () => {
  const what = 'json, schemas on, encode'
  const of = (side: string, cpuSecondsPerMillion: number) => ({
    side,
    round: 1,
    sample: { [what]: { cpuSecondsPerMillion } },
    busyBefore: 0,
  })
  const measured = (runs: Result['runs']): Result => ({
    ...result('apache', 1e6, []),
    benchmark: 'converters',
    broker: undefined,
    runs,
  })
  const title = `${what}: per core, times the JVM's`
  expect(verdict([measured([of('A', 2), of(jvmSide, 5)])], title)).toMatchObject({ value: 2.5, verdict: 'pass' })
  expect(verdict([measured([of('A', 4), of(jvmSide, 5)])], title)).toMatchObject({ value: 1.25, verdict: 'FAIL' })
  expect(verdict([measured([of('A', 4)])], title)).toMatchObject({ value: undefined, verdict: 'not measured' })
})
