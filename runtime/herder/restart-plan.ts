import type { ConnectorStatus } from './entities.ts'

export interface RestartFlags {
  readonly includeTasks: boolean
  readonly onlyFailed: boolean
}

/** What a restart touches. */
export interface RestartPlan {
  readonly connector: boolean
  readonly tasks: readonly number[]
}

/** Kafka Connect's rule: the connector unless only failed parts are asked for and it has not failed; tasks likewise, when included. */
export const restartPlan = (status: ConnectorStatus, { includeTasks, onlyFailed }: RestartFlags): RestartPlan => {
  const touched = (state: string) => !onlyFailed || state === 'FAILED'
  return {
    connector: touched(status.connector.state),
    tasks: includeTasks ? status.tasks.filter(task => touched(task.state)).map(task => task.id) : [],
  }
}
