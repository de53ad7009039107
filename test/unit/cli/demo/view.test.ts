import { expect, test } from 'vitest'
import { liveView, plainView, type Snapshot } from '../../../../runtime/cli/demo/view.ts'

const snapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  phase: 'snapshot',
  elapsedMs: 1000,
  inserted: 1000,
  updated: 20,
  deleted: 3,
  expected: 1026,
  produced: 500,
  committed: 250,
  objects: 2,
  objectBytes: 12_345,
  latest: ['topics/a/partition=0/a+0+0000000000.json.gz'],
  tasks: [{ name: 'orders-source-0', state: 'RUNNING' }],
  workerMb: 98.4,
  ...changes,
})

test('plain lines: one when something moved, at most one a second', () => {
  const written: string[] = []
  const view = plainView(text => written.push(text))
  view.show(snapshot())
  view.show(snapshot({ elapsedMs: 3000 }))
  view.show(snapshot({ elapsedMs: 1500, produced: 600 }))
  view.show(snapshot({ elapsedMs: 2500, produced: 700 }))
  expect(written).toEqual([
    '   1.0 s  rows +1,000 ~20 -3 | topic 500 of 1,026 | delivered 250 | objects 2 (12 kB)\n',
    '   2.5 s  rows +1,000 ~20 -3 | topic 700 of 1,026 | delivered 250 | objects 2 (12 kB)\n',
  ])
})

test('the picture keeps its shape whatever the numbers, and redraws in place', () => {
  const written: string[] = []
  const view = liveView({ write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream)
  const plain = (text: string) => text.replace(/\u001b\[[\d;?]*[a-zA-Z]/g, '')
  const frame = (changes: Partial<Snapshot>) => {
    written.length = 0
    view.show(snapshot(changes))
    return plain(written.join('')).split('\n')
  }
  const first = frame({})
  const second = frame({
    inserted: 123_456_789,
    produced: 123_456_789,
    expected: 123_456_789,
    objectBytes: 9.9e12,
    elapsedMs: 99_000,
    latest: [],
  })
  expect(written.join('')).toContain(`\u001b[${first.length - 1}A`)
  const boxes = (lines: string[]) => lines.filter(line => /[│╭╰]/.test(line))
  expect(new Set([...boxes(first), ...boxes(second)].map(line => line.length)).size).toBe(1)
  expect(first.join('\n')).toMatchSnapshot()
  view.close()
  expect(written.at(-1)).toBe('\u001b[?25h')
})
