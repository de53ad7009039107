import { settledWithin, sleep } from '../base/abort.ts'
import type { KafkaStoreParts } from './kafka-store-parts.ts'
import { memoryStatusStore } from './memory-status-store.ts'
import type { ClusterStatusStore, Status } from './ports.ts'
import {
  readStatus,
  readStatusKey,
  type StatusKey,
  writeStatus,
  writeStatusKey,
  writeTopicUse,
} from './status-records.ts'
import { TextTopic } from './text-topic.ts'

const retryMs = 500

/** Whether a worker may write over a status: it knows no newer generation, or it is its own. */
const mayReplace = (before: Status | undefined, next: Status): boolean =>
  before === undefined || before.workerId === next.workerId || before.generation <= next.generation

/** A late word of the worker that had a task before must not hide that another one runs it now (invariant 8). */
const isLate = (before: Status | undefined, next: Status): boolean =>
  next.state === 'UNASSIGNED' &&
  before?.state === 'RUNNING' &&
  before.workerId !== next.workerId &&
  before.generation >= next.generation

/**
 * Statuses in a compacted topic, as Kafka Connect's distributed workers keep them. What is put is seen at once and written
 * in the background, until it is stored or something newer is put.
 */
export const kafkaStatusStore = (parts: KafkaStoreParts, now: () => number = Date.now): ClusterStatusStore => {
  const { log, topic } = parts
  const known = memoryStatusStore()
  const connectors = new Set<string>()
  /** Written by us and not read back: what is read meanwhile is older. */
  const pending = new Map<string, string | null>()
  const writing = new Set<Promise<void>>()
  let stopped = new AbortController()

  const forget = (about: StatusKey): void => {
    if (about.kind === 'connector') known.removeConnector(about.connector)
    else if (about.kind === 'task') known.removeTask(about.connector, about.task)
    else known.removeTopic(about.connector, about.topic)
    if (known.connector(about.connector) === undefined && known.tasks(about.connector).length === 0)
      connectors.delete(about.connector)
  }
  const accept = (about: StatusKey, value: string): void => {
    if (about.kind === 'topic') {
      known.addTopic(about.connector, 0, about.topic)
      return
    }
    const status = readStatus(value)
    connectors.add(about.connector)
    if (about.kind === 'connector') known.putConnector(about.connector, status)
    else if (!isLate(known.task(about.connector, about.task), status))
      known.putTask(about.connector, about.task, status)
  }
  const records = new TextTopic(parts, (key, value, { offset }) => {
    const about = readStatusKey(key)
    if (about === undefined) return
    const own = pending.get(key)
    if (own !== undefined && own !== value) return
    pending.delete(key)
    try {
      if (value === null) forget(about)
      else accept(about, value)
    } catch (error) {
      const reason = (error as Error).message
      log.warn('A record of the status topic cannot be read, it is skipped', { topic: topic.name, key, offset, reason })
    }
  })

  const store = async (key: string, value: string | null): Promise<void> => {
    const { signal } = stopped
    while (pending.get(key) === value && !signal.aborted) {
      try {
        await records.append([[key, value]])
        return
      } catch (error) {
        if (signal.aborted) return
        log.warn('A status could not be stored, it is tried again', { topic: topic.name, key, error })
        await sleep(retryMs, signal).catch(() => {})
      }
    }
  }
  const write = (about: StatusKey, value: string | null): void => {
    const key = writeStatusKey(about)
    pending.set(key, value)
    const done = store(key, value).finally(() => writing.delete(done))
    writing.add(done)
  }
  /** UNASSIGNED and FAILED are said of the past: a newer generation knows better. */
  const isRefused = (before: Status | undefined, next: Status): boolean =>
    (next.state === 'UNASSIGNED' || next.state === 'FAILED') && !mayReplace(before, next)

  const { connector, task, tasks, topics } = known
  return {
    async start() {
      stopped = new AbortController()
      await records.start()
    },
    async stop() {
      // What is on its way is the last that anybody hears of us.
      await settled(writing)
      stopped.abort()
      await records.stop()
    },
    async flush() {
      await settled(writing)
    },
    readToEnd: () => records.readToEnd(),
    connectors: () => [...connectors],
    connector,
    task,
    tasks,
    topics,
    putConnector(name, status) {
      if (isRefused(connector(name), status)) return
      connectors.add(name)
      known.putConnector(name, status)
      write({ kind: 'connector', connector: name }, writeStatus(status))
    },
    putTask(name, number, status) {
      if (isRefused(task(name, number), status)) return
      connectors.add(name)
      known.putTask(name, number, status)
      write({ kind: 'task', connector: name, task: number }, writeStatus(status))
    },
    removeConnector(name) {
      const about: StatusKey = { kind: 'connector', connector: name }
      if (connector(name) === undefined) return
      forget(about)
      write(about, null)
    },
    removeTask(name, number) {
      const about: StatusKey = { kind: 'task', connector: name, task: number }
      if (task(name, number) === undefined) return
      forget(about)
      write(about, null)
    },
    addTopic(name, number, used) {
      if (topics(name).includes(used)) return
      known.addTopic(name, number, used)
      write({ kind: 'topic', connector: name, topic: used }, writeTopicUse(name, number, used, now()))
    },
    resetTopics(name) {
      for (const used of topics(name)) write({ kind: 'topic', connector: name, topic: used }, null)
      known.resetTopics(name)
    },
  }
}

const longestFlushMs = 5000

const settled = async (writing: ReadonlySet<Promise<void>>): Promise<void> => {
  if (writing.size > 0) await settledWithin(Promise.all(writing), longestFlushMs)
}
