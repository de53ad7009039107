/**
 * Every error that reaches a user, in one table: code, message, HTTP status, and whether trying again may help.
 * `{name}` in a message is filled from the details. Messages that Kafka Connect has keep its words: tools parse them.
 */
export const errorTable = {
  INTERNAL: { status: 500, retriable: false, message: '{reason}' },
  /** Kafka Connect answers 500 to a body that is not of the shape it takes. */
  MALFORMED_BODY: { status: 500, retriable: false, message: '{reason}' },
  BAD_REQUEST: { status: 400, retriable: false, message: '{reason}' },
  FORBIDDEN: { status: 403, retriable: false, message: 'User {user} needs the role {role} for this' },
  NOT_FOUND: { status: 404, retriable: false, message: 'HTTP 404 Not Found' },
  CONNECTOR_NOT_FOUND: { status: 404, retriable: false, message: 'Connector {connector} not found' },
  UNKNOWN_CONNECTOR: { status: 404, retriable: false, message: 'Unknown connector {connector}' },
  UNKNOWN_CONNECTOR_TO_RESTART: { status: 404, retriable: false, message: 'Unknown connector: {connector}' },
  UNKNOWN_TASK: { status: 404, retriable: false, message: 'Unknown task: {connector}-{task}' },
  CONNECTOR_STATUS_NOT_FOUND: { status: 404, retriable: false, message: 'No status found for connector {connector}' },
  TASK_STATUS_NOT_FOUND: { status: 404, retriable: false, message: 'No status found for task {connector}-{task}' },
  UNKNOWN_PLUGIN: { status: 404, retriable: false, message: 'Unknown plugin {class}.' },
  NO_PLUGIN_CLASS: { status: 400, retriable: false, message: 'Invalid plugin class {class}. Valid types are {types}.' },
  LOGGER_NOT_FOUND: { status: 404, retriable: false, message: 'Logger {logger} not found.' },
  INVALID_LOG_LEVEL: { status: 404, retriable: false, message: "invalid log level '{level}'." },
  CONNECTOR_EXISTS: { status: 409, retriable: false, message: 'Connector {connector} already exists' },
  NO_TASKS_WHILE_STOPPED: {
    status: 409,
    retriable: true,
    message: 'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
  },
  NO_CONNECTOR_TYPE: { status: 400, retriable: false, message: 'Connector config {config} contains no connector type' },
  CONNECTOR_CLASS_NOT_FOUND: { status: 400, retriable: false, message: '{reason}' },
  INVALID_CONNECTOR: {
    status: 400,
    retriable: false,
    message:
      'Connector configuration is invalid and contains the following {count} error(s):\n{errors}\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  },
  CLIENT_OVERRIDE: {
    status: 500,
    retriable: false,
    message: 'org.apache.kafka.common.config.ConfigException: {reason}',
  },
  NAME_MISMATCH: {
    status: 400,
    retriable: false,
    message: "Connector name configuration ({given}) doesn't match connector name in the URL ({connector})",
  },
  CLASS_MISMATCH: {
    status: 400,
    retriable: false,
    message: 'Included connector type {given} does not match request type {class}',
  },
  OFFSETS_MISSING: {
    status: 400,
    retriable: false,
    message: 'Partitions / offsets need to be provided for an alter offsets request',
  },
  OFFSETS_NEED_STOP: {
    status: 400,
    retriable: false,
    message:
      "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/{connector}/stop' endpoint",
  },
  TOPIC_TRACKING_OFF: { status: 403, retriable: false, message: 'Topic tracking is disabled.' },
  TOPIC_RESET_OFF: { status: 403, retriable: false, message: 'Topic tracking reset is disabled.' },
  TASKS_MAX_EXCEEDED: {
    status: 500,
    retriable: false,
    message:
      "The connector {connector} has generated {count} tasks, which is greater than {max}, the maximum number of tasks it is configured to create. This behaviour should be considered a bug and is disallowed. If necessary, it can be permitted by reconfiguring the connector with 'tasks.max.enforce' set to false; however, this option will be removed in a future release of Kafka Connect.",
  },
  NO_LEADER: {
    status: 409,
    retriable: true,
    message: 'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
  },
  CONFLICTING_OPERATION: {
    status: 409,
    retriable: true,
    message: 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)',
  },
  FORWARDING_FAILED: { status: 500, retriable: true, message: 'IO Error trying to forward REST request: {reason}' },
  SIGNATURE_MISSING: { status: 400, retriable: false, message: 'Internal request missing required signature' },
  SIGNATURE_ALGORITHM: {
    status: 400,
    retriable: false,
    message:
      "This worker does not support the '{algorithm}' key signing algorithm used by other workers. Give all workers the same inter.worker.signature.algorithm and inter.worker.verification.algorithms.",
  },
  NO_SESSION_KEY: {
    status: 503,
    retriable: true,
    message: 'This worker is still starting up and has not been able to read a session key from the config topic yet',
  },
  SIGNATURE_INVALID: { status: 403, retriable: true, message: 'Internal request contained invalid signature.' },
  CONFIG_WRITE_FAILED: {
    status: 500,
    retriable: true,
    message:
      'Failed to write to config topic; this may be due to a transient error and the request can be safely retried',
  },
  NO_SOURCE_TO_FENCE: { status: 400, retriable: false, message: 'Connector {connector} is not a source connector' },
  FENCING_OUTDATED: {
    status: 409,
    retriable: true,
    message: 'Failed to complete zombie fencing because a new set of task configs was generated',
  },
  TASKS_OF_STOPPED: {
    status: 400,
    retriable: false,
    message: 'Cannot submit non-empty set of task configs for stopped connector {connector}',
  },
  STOPPING: { status: 503, retriable: true, message: 'The worker is stopping' },
  NOT_SUPPORTED: { status: 500, retriable: false, message: '{reason}' },
  REQUEST_TIMED_OUT: { status: 500, retriable: true, message: 'Request timed out' },
} as const satisfies Record<string, { status: number; retriable: boolean; message: string }>

export type ErrorCode = keyof typeof errorTable

/** What helps beyond the message; both are safe to show. */
export interface CodedErrorOptions extends ErrorOptions {
  /** What to do, or what was probably meant. */
  readonly hint?: string
  /** The setting it is about. */
  readonly configKey?: string
}

/** An error of the table; `details` fill the message and are safe to show (invariant 10). */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly status: number
  readonly retriable: boolean
  readonly details: Readonly<Record<string, string | number>>
  readonly hint: string | undefined
  readonly configKey: string | undefined

  constructor(
    code: ErrorCode,
    details: Readonly<Record<string, string | number>> = {},
    options: CodedErrorOptions = {},
  ) {
    const entry = errorTable[code]
    super(
      entry.message.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole)),
      options,
    )
    this.code = code
    this.status = entry.status
    this.retriable = entry.retriable
    this.details = details
    this.hint = options.hint
    this.configKey = options.configKey
  }
}
