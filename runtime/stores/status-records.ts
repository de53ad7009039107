import { quoteJson } from '../api/json-text.ts'
import type { RunState, Status } from './ports.ts'

/** What one record of the status topic is about. */
export type StatusKey =
  | { readonly kind: 'connector'; readonly connector: string }
  | { readonly kind: 'task'; readonly connector: string; readonly task: number }
  | { readonly kind: 'topic'; readonly connector: string; readonly topic: string }

export const writeStatusKey = (key: StatusKey): string => {
  switch (key.kind) {
    case 'connector':
      return `status-connector-${key.connector}`
    case 'task':
      return `status-task-${key.connector}-${key.task}`
    case 'topic':
      return `status-topic-${key.topic}:connector-${key.connector}`
  }
}

/** undefined: a key that means nothing to us. */
export const readStatusKey = (key: string): StatusKey | undefined => {
  const connector = /^status-connector-(.+)$/s.exec(key)
  if (connector !== null) return { kind: 'connector', connector: connector[1]! }
  const task = /^status-task-(.+)-(\d+)$/s.exec(key)
  if (task !== null) return { kind: 'task', connector: task[1]!, task: Number(task[2]) }
  // A topic's name holds no colon.
  const topic = /^status-topic-([^:]+):connector-(.+)$/s.exec(key)
  return topic === null ? undefined : { kind: 'topic', topic: topic[1]!, connector: topic[2]! }
}

const nullable = (text: string | undefined): string => (text === undefined ? 'null' : quoteJson(text))

/** A status as Kafka Connect 4.3 stores it, byte for byte (golden: test/golden/stored/status.json). */
export const writeStatus = ({ state, trace, workerId, generation, version }: Status): string =>
  `{"state":"${state}","trace":${nullable(trace)},"worker_id":${quoteJson(workerId)},"generation":${generation},"version":${nullable(version)}}`

export const writeTopicUse = (connector: string, task: number, topic: string, discoveredMs: number): string =>
  `{"topic":{"name":${quoteJson(topic)},"connector":${quoteJson(connector)},"task":${task},"discoverTimestamp":${discoveredMs}}}`

const states: ReadonlySet<unknown> = new Set<RunState>([
  'UNASSIGNED',
  'RUNNING',
  'PAUSED',
  'FAILED',
  'RESTARTING',
  'STOPPED',
])

/** Throws Error with the reason for a status that cannot be read. Workers before 4.1 wrote no version. */
export const readStatus = (value: string): Status => {
  const json = JSON.parse(value) as Readonly<Record<string, unknown>> | null
  const { state, trace, worker_id: workerId, generation, version } = json ?? {}
  if (!states.has(state)) throw new Error(`"state" is ${state === undefined ? 'missing' : `${String(state)}`}`)
  if (typeof workerId !== 'string') throw new Error('"worker_id" is missing')
  if (typeof generation !== 'number') throw new Error('"generation" is missing')
  return {
    state: state as RunState,
    workerId,
    generation,
    ...(typeof trace === 'string' && { trace }),
    ...(typeof version === 'string' && { version }),
  }
}
