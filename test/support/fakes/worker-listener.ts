import type { RunReport, TaskId, WorkerListener } from '../../../runtime/worker/ports.ts'

export interface RecordingListener extends WorkerListener {
  readonly events: string[]
  connector(name: string): RunReport | undefined
  task(connector: string, task?: number): RunReport | undefined
}

/** Keeps the last report of everything, and every event as a line. */
export const recordingListener = (): RecordingListener => {
  const events: string[] = []
  const reports = new Map<string, RunReport>()
  const keyOf = ({ connector, task }: TaskId) => `${connector}-${task}`
  return {
    events,
    connector: name => reports.get(name),
    task: (connector, task = 0) => reports.get(keyOf({ connector, task })),
    connectorReported(connector, report) {
      reports.set(connector, report)
      events.push(`${connector} ${report.state}`)
    },
    taskReported(id, report) {
      reports.set(keyOf(id), report)
      events.push(`${keyOf(id)} ${report.state}`)
    },
    tasksOutdated: connector => void events.push(`${connector} outdated`),
    pluginReloaded: className => void events.push(`reloaded ${className}`),
    configExpires: (connector, ms) => void events.push(`${connector} expires in ${ms}`),
    topicUsed: (id, topic) => void events.push(`${keyOf(id)} uses ${topic}`),
  }
}
