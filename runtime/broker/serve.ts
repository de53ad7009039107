import type { Log } from '../api/context.ts'
import type { Clock } from '../base/clock.ts'
import type { Api, RequestOf, ResponseInputOf } from '../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../protocol/error-codes.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { Coordinator } from './groups/coordinator.ts'
import type { ProducerIds } from './producer-ids.ts'
import type { BrokerSettings } from './settings/broker-settings.ts'
import type { Topics } from './topics/topics.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

/** What handlers work with. */
export interface BrokerParts {
  readonly nodeId: number
  /** Where clients are told to connect. */
  readonly address: () => { readonly host: string; readonly port: number }
  readonly clusterId: string
  readonly clock: Clock
  readonly log: Log
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly groups: Coordinator
  readonly producerIds: ProducerIds
  readonly transactions: TransactionCoordinator
}

/** One request on its way; lives until its response is sent. */
export interface RequestContext {
  readonly version: number
  readonly clientId: string
  readonly clientHost: string
  /** Aborted when the connection ends: who waits need not go on. */
  readonly signal: AbortSignal
  /** Runs when the response's bytes have left, or will never. */
  afterSending(done: () => void): void
}

/** null: no response is wanted. */
export type Handler<A extends Api> = (
  request: RequestOf<A>,
  context: RequestContext,
) => ResponseInputOf<A> | null | Promise<ResponseInputOf<A> | null>

/** An API as this broker serves it. */
export interface Served {
  readonly api: Api
  /** First and last version advertised. */
  readonly versions: readonly [number, number]
  /** The next request of the connection may begin before this one is answered; answers keep their order all the same. */
  readonly isPipelined: boolean
  readonly handle: Handler<Api>
}

export function serve<A extends Api>(
  api: A,
  versions: readonly [number, number],
  handle: Handler<A>,
  options: { readonly isPipelined?: boolean } = {},
): Served {
  // The dispatcher hands every handler what it decoded by the handler's own API.
  return { api, versions, isPipelined: options.isPipelined ?? false, handle: handle as unknown as Handler<Api> }
}

/** The code and message of an error for a response; what nobody expected is logged, and becomes UNKNOWN_SERVER_ERROR. */
export function errorFields(error: unknown, log: Log): { errorCode: number; errorMessage: string } {
  if (error instanceof KafkaProtocolError) return { errorCode: error.code, errorMessage: error.message }
  if (error instanceof ProtocolError) return { errorCode: errorCodes.CORRUPT_MESSAGE, errorMessage: error.message }
  const reason = error instanceof Error ? error : new Error(String(error))
  log.error('A request failed', { error: reason.message, stack: reason.stack })
  return { errorCode: errorCodes.UNKNOWN_SERVER_ERROR, errorMessage: reason.message }
}
