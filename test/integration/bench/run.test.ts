import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../bench/paths.ts'
import type { Report } from '../../bench/results.ts'

const bench = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'test/bench/run.ts'), ...args], { encoding: 'utf8' })

// CPU and memory come from /proc.
test.runIf(process.platform === 'linux')('a bench writes what it measured, of both sides', () => {
  const out = mkdtempSync(join(tmpdir(), 'millrace-bench-test-'))
  const only = ['--only', 'record-batch,port', '--kafka', 'embedded']
  try {
    const { status, stdout, stderr } = bench('--quick', '--records', '2000', ...only, '--out', out)
    expect(status, stdout + stderr).toBe(0)
    const [json, markdown] = ['.json', '.md'].map(end => readdirSync(out).find(name => name.endsWith(end))!)
    const report = JSON.parse(readFileSync(join(out, json!), 'utf8')) as Report
    expect(report.results.map(({ benchmark, broker }) => [benchmark, broker])).toEqual([
      ['record-batch', undefined],
      ['port', 'embedded'],
    ])
    for (const { runs, failures } of report.results) {
      expect(failures).toEqual([])
      expect(runs.map(({ side }) => side)).toEqual(['this tree', 'this tree again'])
    }
    const { produce, consume } = report.results[1]!.runs[0]!.sample
    for (const figures of [produce, consume]) {
      expect(figures!.cpuSecondsPerMillion).toBeGreaterThan(0)
      expect(figures!.recordsPerSecond).toBeGreaterThan(0)
      expect(figures!.peakRssMb).toBeGreaterThan(10)
    }
    expect(readFileSync(join(out, markdown!), 'utf8')).toContain('## produce and consume through the port, embedded')
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})

test('what is not known is refused in one line', () => {
  const { status, stderr } = bench('--only', 'nothing')
  expect(status).toBe(2)
  expect(stderr.trim()).toMatch(/^There is no benchmark nothing: choose from record-batch, [^\n]*port, [^\n]*$/)
})
