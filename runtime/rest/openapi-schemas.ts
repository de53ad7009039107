const text = { type: 'string' }
const nullable = { type: ['string', 'null'] }
const count = { type: 'integer', minimum: 0 }
const texts = { type: 'array', items: text }
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const list = (name: string) => ({ type: 'array', items: ref(name) })
const map = (values: object) => ({ type: 'object', additionalProperties: values })
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter(name => !optional.includes(name)),
})

const connectorType = { enum: ['source', 'sink', 'unknown'] }
const state = { enum: ['RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'UNASSIGNED', 'RESTARTING', 'DESTROYED'] }
const part = { state, worker_id: text, version: nullable, trace: text, progress: text }

/** The bodies of REST; `herder/entities.ts` has their types. */
export const schemas = {
  Worker: object({ version: text, commit: text, kafka_cluster_id: text }),
  Health: object({ status: { enum: ['healthy', 'starting'] }, message: text }),
  Error: object({ error_code: { type: 'integer' }, message: text, code: text, config_key: text, hint: text }, [
    'code',
    'config_key',
    'hint',
  ]),
  Config: {
    ...map({ type: ['string', 'number', 'boolean', 'null'] }),
    description: 'Settings; numbers and booleans are taken as text.',
  },
  CreateConnector: {
    ...object(
      {
        name: text,
        config: ref('Config'),
        initial_state: { type: ['string', 'null'], enum: ['RUNNING', 'PAUSED', 'STOPPED', null] },
      },
      ['initial_state'],
    ),
    additionalProperties: false,
  },
  Connector: object({ name: text, config: map(nullable), tasks: list('TaskId'), type: connectorType }),
  Connectors: {
    anyOf: [texts, map(object({ status: ref('Status'), info: ref('Connector') }, ['status', 'info']))],
    description: 'Names; with expand an object of objects by name.',
  },
  TaskId: object({ connector: text, task: count }),
  Tasks: { type: 'array', items: object({ id: ref('TaskId'), config: map(text) }) },
  TaskConfigs: { type: 'array', items: map(text) },
  TaskStatus: object({ id: count, ...part }, ['trace', 'progress']),
  Status: object({
    name: text,
    connector: object(part, ['trace', 'progress']),
    tasks: list('TaskStatus'),
    type: connectorType,
  }),
  Topics: map(object({ topics: texts })),
  Offsets: {
    ...object({ offsets: list('Offset') }),
    additionalProperties: false,
  },
  Offset: {
    ...object({ partition: { type: ['object', 'null'] }, offset: { type: ['object', 'null'] } }),
    additionalProperties: false,
  },
  Message: object({ message: text }),
  Plugins: {
    type: 'array',
    items: object({ class: text, type: text, version: nullable }, ['version']),
  },
  Setting: object({
    name: text,
    type: { enum: ['BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD'] },
    required: { type: 'boolean' },
    default_value: nullable,
    importance: { enum: ['HIGH', 'MEDIUM', 'LOW'] },
    documentation: text,
    group: nullable,
    width: { enum: ['NONE', 'SHORT', 'MEDIUM', 'LONG'] },
    display_name: text,
    dependents: texts,
    order_in_group: { type: 'integer' },
  }),
  Settings: list('Setting'),
  Validation: object(
    {
      name: text,
      error_count: count,
      groups: texts,
      configs: {
        type: 'array',
        items: object({
          definition: { anyOf: [ref('Setting'), { type: 'null' }] },
          value: object(
            {
              name: text,
              value: nullable,
              recommended_values: texts,
              errors: texts,
              visible: { type: 'boolean' },
              hint: text,
            },
            ['hint'],
          ),
        }),
      },
      warnings: { type: 'array', items: object({ name: text, message: text, hint: text }, ['hint']) },
    },
    ['warnings'],
  ),
  Preview: object(
    {
      type: { enum: ['source', 'sink'] },
      records: { type: 'array', items: ref('PreviewedRecord') },
      writes: { type: 'array', items: object({ target: text, content: { type: ['object', 'null'] } }) },
      errors: { type: 'array', items: ref('PreviewError') },
    },
    ['writes'],
  ),
  PreviewedRecord: object(
    {
      stages: { type: 'array', items: object({ stage: text, class: text, record: { type: ['object', 'null'] } }) },
      produced: object({ topic: text, key: { type: ['object', 'null'] }, value: { type: ['object', 'null'] } }),
      error: ref('PreviewError'),
    },
    ['produced', 'error'],
  ),
  PreviewError: object({ stage: text, class: text, message: text }),
  LogLevel: object({ level: text, last_modified: { type: ['integer', 'null'] } }),
  LogLevels: map(ref('LogLevel')),
  NewLogLevel: object({ level: { enum: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF'] } }),
  LoggerNames: texts,
  Document: { type: 'object' },
} as const satisfies Readonly<Record<string, object>>

export type SchemaName = keyof typeof schemas
