import { KafkaProtocolError } from '../protocol/error-codes.ts'

/**
 * What went wrong on our side of the wire:
 * - CONNECTION: no connection, or it ended before the answer; whether the broker has done the work is not known
 * - TIMEOUT: a setting's time is up (it is named); the same uncertainty
 * - AUTHENTICATION: credentials or certificates are refused; trying again does not help
 * - UNSUPPORTED: the broker speaks no version of an API that we speak, or a setting asks for what we cannot do
 * - CONFIG: a client setting is not valid
 * - REBALANCE: the group is between two generations: poll, then try again
 * - FENCED: the group has gone on without this member, or another took its `group.instance.id`
 * - NO_OFFSET: no committed offset and `auto.offset.reset=none`
 * - RECORD_TOO_LARGE: one record alone exceeds `max.request.size`
 * - CLOSED: the client was closed
 */
export type KafkaClientErrorKind =
  | 'CONNECTION'
  | 'TIMEOUT'
  | 'AUTHENTICATION'
  | 'UNSUPPORTED'
  | 'CONFIG'
  | 'REBALANCE'
  | 'FENCED'
  | 'NO_OFFSET'
  | 'RECORD_TOO_LARGE'
  | 'CLOSED'

const retriableKinds: ReadonlySet<KafkaClientErrorKind> = new Set(['CONNECTION', 'TIMEOUT', 'REBALANCE'])

/** An error of the client; brokers' own are KafkaProtocolError. Both carry `retriable`. */
export class KafkaClientError extends Error {
  override readonly name = 'KafkaClientError'
  readonly kind: KafkaClientErrorKind
  readonly retriable: boolean

  constructor(kind: KafkaClientErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.kind = kind
    this.retriable = retriableKinds.has(kind)
  }
}

export const isRetriable = (error: unknown): boolean =>
  (error instanceof KafkaClientError || error instanceof KafkaProtocolError) && error.retriable

/** The connection ended or stayed silent: the answer, if any, was lost. */
export const isConnectionLoss = (error: unknown): boolean =>
  error instanceof KafkaClientError && (error.kind === 'CONNECTION' || error.kind === 'TIMEOUT')

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const closedError = (what: string): KafkaClientError => new KafkaClientError('CLOSED', `The ${what} is closed`)
