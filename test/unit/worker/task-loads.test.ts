import { expect, test } from 'vitest'
import { TaskLoads } from '../../../runtime/worker/task-loads.ts'

const a = { connector: 'a', task: 0 }
const b = { connector: 'b', task: 1 }

const loop = (...utilization: readonly number[]) => {
  const uses = [...utilization]
  return (since?: object) => ({ idle: 0, active: 0, utilization: since === undefined ? 0 : uses.shift()! })
}

test('tasks share what keeps their thread busy by their records', () => {
  const loads = new TaskLoads(loop(0.8, 0.5))
  expect(
    loads.measure([
      { id: a, records: 300 },
      { id: b, records: 100 },
    ]),
  ).toEqual([
    { id: a, cores: expect.closeTo(0.6) },
    { id: b, cores: expect.closeTo(0.2) },
  ])
  // b was started anew: it counts from nothing.
  expect(
    loads.measure([
      { id: a, records: 350 },
      { id: b, records: 50 },
    ]),
  ).toEqual([
    { id: a, cores: 0.25 },
    { id: b, cores: 0.25 },
  ])
})

test('without records they share evenly', () => {
  const loads = new TaskLoads(loop(0.1))
  expect(
    loads.measure([
      { id: a, records: 0 },
      { id: b, records: 0 },
    ]),
  ).toEqual([
    { id: a, cores: 0.05 },
    { id: b, cores: 0.05 },
  ])
})
