import type { ClusterConfigStore } from '../../stores/ports.ts'
import type { TaskId } from '../../worker/ports.ts'

/**
 * A connector or a task as one text, for sets: `c NAME` or `t NAME-NUMBER`. What workers share out among them.
 */
export type Work = string

export const connectorWork = (connector: string): Work => `c ${connector}`

export const taskWork = ({ connector, task }: TaskId): Work => `t ${connector}-${task}`

export const isConnectorWork = (work: Work): boolean => work.startsWith('c ')

/** The connector that it is, or that it is a task of. */
export const connectorOf = (work: Work): string =>
  isConnectorWork(work) ? work.slice(2) : work.slice(2, work.lastIndexOf('-'))

/** -1 for a connector, as in Kafka Connect's messages. */
export const taskOf = (work: Work): number =>
  isConnectorWork(work) ? -1 : Number(work.slice(work.lastIndexOf('-') + 1))

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By name, then number: the order in which work is given out. */
export const sortedWork = (work: Iterable<Work>): Work[] =>
  [...work].sort((a, b) => compareText(connectorOf(a), connectorOf(b)) || taskOf(a) - taskOf(b))

/** All connectors and tasks that there are to run. */
export const configuredWork = (configs: Pick<ClusterConfigStore, 'connectors' | 'get'>): ReadonlySet<Work> =>
  new Set(
    configs
      .connectors()
      .flatMap(connector => [
        connectorWork(connector),
        ...configs.get(connector)!.tasks.map((_, task) => taskWork({ connector, task })),
      ]),
  )
