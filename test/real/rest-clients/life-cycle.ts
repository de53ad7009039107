import { expect } from 'vitest'

/** What a client program is given, as JSON in its one argument. */
export interface Assignment {
  /** Of the worker, without credentials. */
  readonly url: string
  /** Basic authentication; both empty where the worker wants none. */
  readonly user: string
  readonly password: string
  readonly connector: string
  readonly config: Readonly<Record<string, string>>
  /** What the config is changed to. */
  readonly changed: Readonly<Record<string, string>>
  /** What the config is changed to then: its task fails. */
  readonly failing: Readonly<Record<string, string>>
}

/** What a client understood of one step's answer; a refusal as `{status, message}`. */
export interface Step {
  readonly step: string
  readonly got: unknown
}

const running = { connector: 'RUNNING', tasks: ['RUNNING'] }

/** What every client must have understood, by step: the same of Apache Kafka Connect and of Millrace. */
const answers = ({ connector, config, changed }: Assignment) => ({
  server: expect.stringMatching(/^\d+\.\d+\.\d+/),
  plugin: { class: config['connector.class'], type: 'source', version: expect.any(String) },
  validated: { errors: 1, topic: ['Missing required configuration "topic" which has no default value.'] },
  unauthorized: 401,
  'no way in': true,
  absent: true,
  missing: { status: 404, message: `Connector ${connector} not found` },
  invalid: {
    status: 400,
    message: expect.stringMatching(
      /^Connector configuration is invalid and contains the following 1 error\(s\):\nMissing required configuration "topic"/,
    ),
  },
  created: { name: connector, type: 'source', config },
  'created paused': { connector: 'PAUSED', tasks: [] },
  duplicate: { status: 409, message: `Connector ${connector} already exists` },
  running,
  listed: [connector],
  expanded: { type: 'source', config, ...running },
  info: { name: connector, type: 'source', config, tasks: [{ connector, task: 0 }] },
  config,
  task: {
    connector,
    task: 0,
    config: expect.objectContaining({ topic: config['topic'], 'task.class': expect.any(String) }),
  },
  'task status': { id: 0, state: 'RUNNING' },
  topics: [config['topic']],
  'topics reset': [],
  paused: { connector: 'PAUSED', tasks: ['PAUSED'] },
  resumed: running,
  restarted: running,
  'restarted with tasks': running,
  'restarted task': running,
  stopped: { connector: 'STOPPED', tasks: [] },
  'offsets while it runs': { status: 400, message: expect.stringContaining('must be in the STOPPED state') },
  offsets: [{ partition: { filename: config['file'] }, offset: { position: 15 } }],
  'offsets altered': [{ partition: { filename: config['file'] }, offset: { position: 5 } }],
  'offsets reset': [],
  changed,
  // With a trace that names the cause.
  failed: { connector: 'RUNNING', tasks: ['FAILED'], traced: [true] },
  'failed without trace': { connector: 'RUNNING', tasks: ['FAILED'] },
  'no drift': true,
  deleted: [],
  'nothing to restart': { status: 404, message: `Unknown connector: ${connector}` },
  gone: { status: 404, message: `Connector ${connector} not found` },
})

export type StepName = keyof ReturnType<typeof answers>

/** The steps a client says, in this order, and nothing else. */
export const lifeCycle = (assignment: Assignment, steps: readonly StepName[]): Step[] => {
  const all = answers(assignment)
  return steps.map(step => ({ step, got: all[step] }))
}
