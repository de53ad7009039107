import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerBenchmark, RunContext } from '../bench.ts'
import type { Figures } from '../metrics.ts'
import type { ConnectorStatus, PartStatus, Worker } from '../worker.ts'

const CONNECTORS = 12

type Statuses = Readonly<Record<string, ConnectorStatus>>

const statusesOf = async (worker: Worker): Promise<Statuses> => {
  const all = await worker.request<Record<string, { status: ConnectorStatus }>>('GET', '/connectors?expand=status')
  return Object.fromEntries(Object.entries(all).map(([name, { status }]) => [name, status]))
}

const isEven = (parts: readonly PartStatus[], workers: readonly Worker[]): boolean => {
  const counts = workers.map(({ id }) => parts.filter(part => part.worker_id === id).length)
  return parts.length === CONNECTORS && Math.max(...counts) - Math.min(...counts) <= 1
}

/** Every connector and task is RUNNING on one of these workers, each of which has its share. */
const isSettled = (all: Statuses, workers: readonly Worker[]): boolean => {
  const connectors = Object.values(all).map(({ connector }) => connector)
  const tasks = Object.values(all).flatMap(status => status.tasks)
  const ids = new Set(workers.map(({ id }) => id))
  const runs = (part: PartStatus) => part.state === 'RUNNING' && ids.has(part.worker_id)
  return [...connectors, ...tasks].every(runs) && isEven(connectors, workers) && isEven(tasks, workers)
}

const settled = async (asked: Worker, workers: readonly Worker[], seen: (all: Statuses) => void = () => {}) => {
  for (const end = Date.now() + 180_000; ; ) {
    const all = await statusesOf(asked)
    seen(all)
    if (isSettled(all, workers)) return all
    if (Date.now() > end) throw new Error(`The cluster did not settle in 180 s: ${JSON.stringify(all).slice(0, 2000)}`)
    await delay(25)
  }
}

interface Event {
  readonly from: number
  readonly to: number
  /** Connectors whose task changed its worker. */
  readonly moved: ReadonlySet<string>
}

const longestGap = (times: readonly number[], { from, to }: Event): number => {
  // What was running when the event began counts from the last record before it.
  const start = times.findLastIndex(time => time <= from)
  let longest = 0
  for (let at = Math.max(1, start + 1); at < times.length && times[at - 1]! <= to; at++)
    longest = Math.max(longest, times[at]! - times[at - 1]!)
  return longest
}

const run = async ({ subject, id, folder, parts }: RunContext): Promise<Readonly<Record<string, Figures>>> => {
  const { bootstrap } = parts.kafka
  const names = Array.from({ length: CONNECTORS }, (_, n) => `${id}_${n}`)
  const file = (name: string) => join(folder, name)
  const workers = new Set<Worker>()
  const start = async (name: string): Promise<Worker> => {
    const worker = await subject.start({ bootstrap, folder: file(name), group: id, bare: true })
    workers.add(worker)
    return worker
  }
  const ended = new AbortController()
  let writing: Promise<void> = Promise.resolve()
  const events = new Map<string, { readonly event: Event; readonly figures: Figures }>()
  try {
    const a = await start('a')
    const b = await start('b')
    for (const name of names) {
      await parts.witness.create(name, 1)
      await writeFile(file(name), 'first\n')
      await a.submit(name, { 'connector.class': 'FileStreamSource', 'tasks.max': '1', topic: name, file: file(name) })
    }
    let before = await settled(a, [a, b])
    const write = async () => {
      while (!ended.signal.aborted) {
        for (const name of names) await appendFile(file(name), 'line\n')
        await delay(50)
      }
    }
    writing = write()
    /** `change` resolves when what is measured begins. */
    const measure = async (what: string, change: () => Promise<readonly Worker[]>, dead?: Worker): Promise<void> => {
      await delay(3000)
      const from = Date.now()
      const left = await change()
      const begun = Date.now()
      let falselyRunning = begun
      const after = await settled(left[0]!, left, all => {
        const shown = Object.values(all).some(({ tasks }) =>
          tasks.some(task => task.state === 'RUNNING' && task.worker_id === dead?.id),
        )
        if (shown) falselyRunning = Date.now()
      })
      const to = Date.now()
      const workerOf = (all: Statuses, name: string) => all[name]!.tasks[0]!.worker_id
      const moved = new Set(names.filter(name => workerOf(before, name) !== workerOf(after, name)))
      before = after
      events.set(what, {
        event: { from, to, moved },
        figures: {
          balancedMs: to - begun,
          ...(dead !== undefined && { falselyRunningMs: falselyRunning - begun }),
        },
      })
    }
    let c: Worker | undefined
    await measure('a worker comes', async () => {
      c = await start('c')
      return [a, b, c]
    })
    await measure('a worker leaves', async () => {
      // What is measured begins with the signal: how long it takes to leave is part of it.
      void b.stop()
      return [a, c!]
    })
    await measure(
      'a worker is killed',
      async () => {
        await c!.kill()
        return [a]
      },
      c,
    )
    await delay(3000)
  } finally {
    ended.abort()
    await writing
    await Promise.all([...workers].map(worker => worker.stop()))
  }
  const times = await parts.witness.timestamps(names)
  await parts.witness.drop(id)
  const longest = (of: readonly string[], event: Event): number =>
    Math.max(...of.map(name => longestGap(times.get(name)!, event)))
  return Object.fromEntries(
    [...events].map(([what, { event, figures }]) => {
      const moved = names.filter(name => event.moved.has(name))
      const stayed = names.filter(name => !event.moved.has(name))
      const pauses = {
        ...(moved.length > 0 && { movedPauseMs: longest(moved, event) }),
        ...(stayed.length > 0 && { stayedPauseMs: longest(stayed, event) }),
      }
      return [what, { ...figures, ...pauses }]
    }),
  )
}

/** What a cluster does when workers come, leave and die. */
export const rebalance: BrokerBenchmark = {
  name: 'rebalance',
  title: 'workers come, leave and die',
  doc: `a cluster of two or three workers with ${CONNECTORS} FileStreamSource connectors of one task, each file given a line every 50 ms; from the event (a new worker's REST is ready, SIGTERM, SIGKILL) until every connector and task is RUNNING on its share of the workers, asked every 25 ms; pauses are gaps between the timestamps of a topic's records (Kafka Connect's connector looks once a second); scheduled.rebalance.max.delay.ms=0, session.timeout.ms as it is by default`,
  broker: true,
  peer: true,
  run,
}
