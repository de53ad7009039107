/** Kafka Connect's metric groups and attributes. The value says which kind it is and what it counts. */
export const metricNames = {
  'connector-metrics': {
    status: ['gauge', 'State of the connector, as a label.'],
    info: ['gauge', 'Class, type and version of the connector, as labels.'],
  },
  'connector-task-metrics': {
    status: ['gauge', 'State of the task, as a label.'],
    'running-ratio': ['gauge', 'Share of its time that the task was running.'],
    'pause-ratio': ['gauge', 'Share of its time that the task was paused.'],
    'offset-commit-max-time-ms': ['gauge', 'Longest offset commit, milliseconds.'],
    'offset-commit-avg-time-ms': ['gauge', 'Average offset commit, milliseconds.'],
    'batch-size-max': ['gauge', 'Most records in a batch.'],
    'batch-size-avg': ['gauge', 'Average records in a batch.'],
    'offset-commit-failure-percentage': ['gauge', 'Share of offset commits that failed, 0 to 1.'],
    'offset-commit-success-percentage': ['gauge', 'Share of offset commits that succeeded, 0 to 1.'],
  },
  'source-task-metrics': {
    'source-record-poll-rate': ['gauge', 'Records read per second, before transformations.'],
    'source-record-poll-total': ['counter', 'Records read, before transformations.'],
    'source-record-write-rate': ['gauge', 'Records acknowledged by Kafka per second.'],
    'source-record-write-total': ['counter', 'Records acknowledged by Kafka.'],
    'poll-batch-max-time-ms': ['gauge', 'Longest wait for a batch of the connector, milliseconds.'],
    'poll-batch-avg-time-ms': ['gauge', 'Average wait for a batch of the connector, milliseconds.'],
    'source-record-active-count': ['gauge', 'Records sent and not yet acknowledged.'],
    'source-record-active-count-max': ['gauge', 'Most records sent and not yet acknowledged.'],
    'source-record-active-count-avg': ['gauge', 'Average of records sent and not yet acknowledged.'],
    'transaction-size-min': ['gauge', 'Fewest records in a transaction.'],
    'transaction-size-max': ['gauge', 'Most records in a transaction.'],
    'transaction-size-avg': ['gauge', 'Average records in a transaction.'],
  },
  'sink-task-metrics': {
    'sink-record-read-rate': ['gauge', 'Records read from Kafka per second, before transformations.'],
    'sink-record-read-total': ['counter', 'Records read from Kafka, before transformations.'],
    'sink-record-send-rate': ['gauge', 'Records passed to the connector per second.'],
    'sink-record-send-total': ['counter', 'Records passed to the connector.'],
    'partition-count': ['gauge', 'Topic partitions assigned.'],
    'offset-commit-seq-no': ['gauge', 'Number of the last offset commit.'],
    'offset-commit-completion-rate': ['gauge', 'Offset commits completed per second.'],
    'offset-commit-completion-total': ['counter', 'Offset commits completed.'],
    'offset-commit-skip-rate': ['gauge', 'Offset commits that came too late per second.'],
    'offset-commit-skip-total': ['counter', 'Offset commits that came too late.'],
    'put-batch-max-time-ms': ['gauge', 'Longest write of the connector, milliseconds.'],
    'put-batch-avg-time-ms': ['gauge', 'Average write of the connector, milliseconds.'],
    'sink-record-active-count': ['gauge', 'Records read and not yet committed.'],
    'sink-record-active-count-max': ['gauge', 'Most records read and not yet committed.'],
    'sink-record-active-count-avg': ['gauge', 'Average of records read and not yet committed.'],
  },
  'task-error-metrics': {
    'total-record-failures': ['counter', 'Record processing failures.'],
    'total-record-errors': ['counter', 'Record processing errors.'],
    'total-records-skipped': ['counter', 'Records skipped because of errors.'],
    'total-retries': ['counter', 'Operations tried again.'],
    'total-errors-logged': ['counter', 'Errors logged.'],
    'deadletterqueue-produce-requests': ['counter', 'Records written to the dead letter queue.'],
    'deadletterqueue-produce-failures': ['counter', 'Records that could not be written to the dead letter queue.'],
    'last-error-timestamp': ['gauge', 'Time of the last error, milliseconds since the epoch.'],
  },
  'connect-worker-metrics': {
    'connector-count': ['gauge', 'Connectors of this worker.'],
    'task-count': ['gauge', 'Tasks of this worker.'],
    'connector-startup-attempts-total': ['counter', 'Connector starts tried.'],
    'connector-startup-success-total': ['counter', 'Connector starts that succeeded.'],
    'connector-startup-failure-total': ['counter', 'Connector starts that failed.'],
    'connector-startup-success-percentage': ['gauge', 'Share of connector starts that succeeded, 0 to 1.'],
    'connector-startup-failure-percentage': ['gauge', 'Share of connector starts that failed, 0 to 1.'],
    'task-startup-attempts-total': ['counter', 'Task starts tried.'],
    'task-startup-success-total': ['counter', 'Task starts that succeeded.'],
    'task-startup-failure-total': ['counter', 'Task starts that failed.'],
    'task-startup-success-percentage': ['gauge', 'Share of task starts that succeeded, 0 to 1.'],
    'task-startup-failure-percentage': ['gauge', 'Share of task starts that failed, 0 to 1.'],
    'connector-total-task-count': ['gauge', 'Tasks of the connector on this worker.'],
    'connector-running-task-count': ['gauge', 'Running tasks of the connector on this worker.'],
    'connector-paused-task-count': ['gauge', 'Paused tasks of the connector on this worker.'],
    'connector-failed-task-count': ['gauge', 'Failed tasks of the connector on this worker.'],
    'connector-unassigned-task-count': ['gauge', 'Unassigned tasks of the connector on this worker.'],
    'connector-destroyed-task-count': ['gauge', 'Destroyed tasks of the connector on this worker.'],
    'connector-restarting-task-count': ['gauge', 'Restarting tasks of the connector on this worker.'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly ['gauge' | 'counter', string]>>>>

export type MetricGroup = keyof typeof metricNames
export type MetricAttribute<G extends MetricGroup> = keyof (typeof metricNames)[G] & string

/**
 * How JMX exporters name a metric: `full` keeps the group's name (Confluent's rules), `short` leaves out `-metrics` and calls a
 * worker's own `worker` (Strimzi's and Debezium's rules). Dashboards exist for both.
 */
export type Naming = 'full' | 'short'

/**
 * `source-task-metrics`, `source-record-poll-total` -> `kafka_connect_source_task_metrics_source_record_poll_total`, short
 * `kafka_connect_source_task_source_record_poll_total`.
 */
export const metricName = (group: string, attribute: string, naming: Naming = 'full'): string => {
  const shown = naming === 'full' ? group : group.replace(/-metrics$/, '').replace(/^connect-worker/, 'worker')
  return `kafka_connect_${shown}_${attribute}`.replaceAll('-', '_')
}
