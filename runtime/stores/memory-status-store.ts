import type { Status, StatusStore } from './ports.ts'

export interface MemoryStatusStore extends StatusStore {
  removeTopic(connector: string, topic: string): void
}

/** Statuses of this process: a worker on its own knows of nobody else's. */
export const memoryStatusStore = (): MemoryStatusStore => {
  const connectors = new Map<string, Status>()
  const tasks = new Map<string, Map<number, Status>>()
  const topics = new Map<string, Set<string>>()
  return {
    async start() {},
    async stop() {},
    connector: connector => connectors.get(connector),
    task: (connector, task) => tasks.get(connector)?.get(task),
    tasks: connector =>
      [...(tasks.get(connector) ?? [])].sort(([a], [b]) => a - b).map(([task, status]) => ({ task, status })),
    putConnector: (connector, status) => void connectors.set(connector, status),
    putTask(connector, task, status) {
      const known = tasks.get(connector) ?? new Map<number, Status>()
      tasks.set(connector, known.set(task, status))
    },
    removeConnector: connector => void connectors.delete(connector),
    removeTask: (connector, task) => void tasks.get(connector)?.delete(task),
    topics: connector => [...(topics.get(connector) ?? [])],
    addTopic: (connector, _task, topic) =>
      void topics.set(connector, (topics.get(connector) ?? new Set<string>()).add(topic)),
    removeTopic: (connector, topic) => void topics.get(connector)?.delete(topic),
    resetTopics: connector => void topics.delete(connector),
  }
}
