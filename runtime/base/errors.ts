/**
 * Every error that reaches a user, in one table: code, message, HTTP status, and whether trying again may help.
 * `{name}` in a message is filled from the details. Messages that Kafka Connect has keep its words: tools parse them.
 */
export const errorTable = {
  INTERNAL: { status: 500, retriable: false, message: '{reason}' },
  CONNECTOR_NOT_FOUND: { status: 404, retriable: false, message: 'Connector {connector} not found' },
  CONNECTOR_EXISTS: { status: 409, retriable: false, message: 'Connector {connector} already exists' },
} as const satisfies Record<string, { status: number; retriable: boolean; message: string }>

export type ErrorCode = keyof typeof errorTable

/** An error of the table; `details` fill the message and are safe to show (invariant 10). */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly status: number
  readonly retriable: boolean
  readonly details: Readonly<Record<string, string | number>>

  constructor(code: ErrorCode, details: Readonly<Record<string, string | number>> = {}, options: ErrorOptions = {}) {
    const entry = errorTable[code]
    super(
      entry.message.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole)),
      options,
    )
    this.code = code
    this.status = entry.status
    this.retriable = entry.retriable
    this.details = details
  }
}
