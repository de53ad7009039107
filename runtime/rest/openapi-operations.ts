import type { SchemaName } from './openapi-schemas.ts'

/** What a document says of a route beyond its method and path. */
export interface Operation {
  readonly id: string
  readonly summary: string
  readonly tag: 'worker' | 'connectors' | 'tasks' | 'offsets' | 'plugins' | 'logging' | 'internal'
  readonly query?: Readonly<Record<string, { readonly doc: string; readonly schema: object }>>
  readonly body?: SchemaName
  /** Of success. */
  readonly status: number
  readonly answer?: SchemaName
  /** Of the answer; default JSON. */
  readonly type?: string
  /** Bodies of other statuses, null for none. */
  readonly others?: Readonly<Record<number, SchemaName | null>>
}

const flag = { type: 'boolean', default: false }

/** By method and route. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /': {
    id: 'worker',
    tag: 'worker',
    summary: 'Version of the worker and id of its Kafka cluster',
    status: 200,
    answer: 'Worker',
  },
  'GET /health': {
    id: 'health',
    tag: 'worker',
    summary: 'Whether the worker has started',
    status: 200,
    answer: 'Health',
    others: { 503: 'Health' },
  },
  'GET /metrics': {
    id: 'metrics',
    tag: 'worker',
    summary: "Metrics in Prometheus' text format",
    status: 200,
    answer: 'Message',
    type: 'text/plain',
  },
  'GET /openapi.json': { id: 'openapi', tag: 'worker', summary: 'This document', status: 200, answer: 'Document' },
  'GET /connectors': {
    id: 'listConnectors',
    tag: 'connectors',
    summary: 'Connectors by name',
    query: {
      expand: {
        doc: 'What to tell of each; may be repeated.',
        schema: { type: 'array', items: { enum: ['status', 'info'] } },
      },
    },
    status: 200,
    answer: 'Connectors',
  },
  'POST /connectors': {
    id: 'createConnector',
    tag: 'connectors',
    summary: 'Create a connector',
    body: 'CreateConnector',
    status: 201,
    answer: 'Connector',
  },
  'GET /connectors/:connector': {
    id: 'connector',
    tag: 'connectors',
    summary: 'A connector',
    status: 200,
    answer: 'Connector',
  },
  'DELETE /connectors/:connector': {
    id: 'deleteConnector',
    tag: 'connectors',
    summary: 'Delete a connector; its offsets are kept',
    status: 204,
  },
  'GET /connectors/:connector/config': {
    id: 'config',
    tag: 'connectors',
    summary: 'Settings of a connector',
    status: 200,
    answer: 'Config',
  },
  'PUT /connectors/:connector/config': {
    id: 'putConfig',
    tag: 'connectors',
    summary: 'Create a connector, or replace its settings',
    body: 'Config',
    status: 200,
    answer: 'Connector',
    others: { 201: 'Connector' },
  },
  'PATCH /connectors/:connector/config': {
    id: 'patchConfig',
    tag: 'connectors',
    summary: 'Change some settings; null removes one',
    body: 'Config',
    status: 200,
    answer: 'Connector',
  },
  'GET /connectors/:connector/status': {
    id: 'status',
    tag: 'connectors',
    summary: 'State of a connector and its tasks',
    status: 200,
    answer: 'Status',
  },
  'PUT /connectors/:connector/pause': {
    id: 'pause',
    tag: 'connectors',
    summary: 'Pause a connector and its tasks',
    status: 202,
  },
  'PUT /connectors/:connector/resume': {
    id: 'resume',
    tag: 'connectors',
    summary: 'Go on after a pause or a stop',
    status: 202,
  },
  'PUT /connectors/:connector/stop': {
    id: 'stop',
    tag: 'connectors',
    summary: 'Stop a connector and give up its tasks',
    status: 204,
  },
  'POST /connectors/:connector/restart': {
    id: 'restart',
    tag: 'connectors',
    summary: 'Restart a connector, with or without its tasks',
    query: {
      includeTasks: { doc: 'Its tasks too.', schema: flag },
      onlyFailed: { doc: 'Only what has failed.', schema: flag },
    },
    status: 202,
    answer: 'Status',
    others: { 204: null },
  },
  'GET /connectors/:connector/topics': {
    id: 'topics',
    tag: 'connectors',
    summary: 'Topics the connector has used',
    status: 200,
    answer: 'Topics',
  },
  'PUT /connectors/:connector/topics/reset': {
    id: 'resetTopics',
    tag: 'connectors',
    summary: 'Forget the topics the connector has used',
    status: 202,
  },
  'GET /connectors/:connector/tasks': {
    id: 'tasks',
    tag: 'tasks',
    summary: 'Tasks of a connector with their settings',
    status: 200,
    answer: 'Tasks',
  },
  'GET /connectors/:connector/tasks/:task/status': {
    id: 'taskStatus',
    tag: 'tasks',
    summary: 'State of a task',
    status: 200,
    answer: 'TaskStatus',
  },
  'POST /connectors/:connector/tasks/:task/restart': {
    id: 'restartTask',
    tag: 'tasks',
    summary: 'Restart a task',
    status: 204,
  },
  'GET /connectors/:connector/offsets': {
    id: 'offsets',
    tag: 'offsets',
    summary: 'Offsets of a connector',
    status: 200,
    answer: 'Offsets',
  },
  'PATCH /connectors/:connector/offsets': {
    id: 'alterOffsets',
    tag: 'offsets',
    summary: 'Change offsets of a stopped connector',
    body: 'Offsets',
    status: 200,
    answer: 'Message',
  },
  'DELETE /connectors/:connector/offsets': {
    id: 'resetOffsets',
    tag: 'offsets',
    summary: 'Reset the offsets of a stopped connector',
    status: 200,
    answer: 'Message',
  },
  'POST /connectors/:connector/tasks': {
    id: 'putTasks',
    tag: 'internal',
    summary: 'Workers of a cluster only: new task settings, signed',
    body: 'TaskConfigs',
    status: 204,
  },
  'PUT /connectors/:connector/fence': {
    id: 'fence',
    tag: 'internal',
    summary: 'Workers of a cluster only: fence out earlier tasks, signed',
    status: 204,
  },
  'GET /connector-plugins': {
    id: 'plugins',
    tag: 'plugins',
    summary: 'Installed plugins',
    query: { connectorsOnly: { doc: 'Connectors only.', schema: { type: 'boolean', default: true } } },
    status: 200,
    answer: 'Plugins',
  },
  'GET /connector-plugins/:plugin/config': {
    id: 'pluginConfig',
    tag: 'plugins',
    summary: 'Settings a plugin has',
    status: 200,
    answer: 'Settings',
  },
  'PUT /connector-plugins/:plugin/config/validate': {
    id: 'validate',
    tag: 'plugins',
    summary: 'Check settings, nothing is created',
    body: 'Config',
    status: 200,
    answer: 'Validation',
  },
  'PUT /connector-plugins/:plugin/config/preview': {
    id: 'preview',
    tag: 'plugins',
    summary: 'Run data through all stages, nothing is created or written',
    query: { records: { doc: 'Most records.', schema: { type: 'integer', minimum: 1, maximum: 999, default: 10 } } },
    body: 'Config',
    status: 200,
    answer: 'Preview',
  },
  'GET /admin/loggers': {
    id: 'loggers',
    tag: 'logging',
    summary: 'Levels of all loggers',
    status: 200,
    answer: 'LogLevels',
  },
  'GET /admin/loggers/:logger': {
    id: 'logger',
    tag: 'logging',
    summary: 'Level of a logger',
    status: 200,
    answer: 'LogLevel',
  },
  'PUT /admin/loggers/:logger': {
    id: 'setLogger',
    tag: 'logging',
    summary: 'Set the level of a logger and those below it',
    query: {
      scope: { doc: 'This worker, or all of the cluster.', schema: { enum: ['worker', 'cluster'], default: 'worker' } },
    },
    body: 'NewLogLevel',
    status: 200,
    answer: 'LoggerNames',
    others: { 204: null },
  },
}
