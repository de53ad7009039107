import type { Api, RequestInputOf, ResponseOf } from '../../protocol/api.ts'
import { errorOf } from '../../protocol/error-codes.ts'
import { saslAuthenticate } from '../../protocol/messages/sasl-authenticate.ts'
import { saslHandshake } from '../../protocol/messages/sasl-handshake.ts'
import { asError, isConnectionLoss, KafkaClientError } from '../errors.ts'
import type { SaslMechanism } from './sasl-exchange.ts'

type Ask = <A extends Api>(api: A, body: RequestInputOf<A>) => Promise<ResponseOf<A>>

/** Runs one SASL exchange; returns how long the broker lets the session live, in ms, 0 for ever. */
export async function authenticate(mechanism: SaslMechanism, ask: Ask, broker: string): Promise<number> {
  const refused = (reason: string, cause?: unknown): KafkaClientError =>
    new KafkaClientError(
      'AUTHENTICATION',
      `${broker} refused ${mechanism.name}: ${reason}; check sasl.mechanism and sasl.jaas.config`,
      { cause },
    )
  const handshake = await ask(saslHandshake, { mechanism: mechanism.name })
  if (handshake.errorCode !== 0) {
    throw refused(`${errorOf(handshake.errorCode).name}, it offers ${handshake.mechanisms.join(', ') || 'nothing'}`)
  }
  const exchange = mechanism.begin()
  try {
    let bytes: Buffer | null = await exchange.first()
    let lifetimeMs = 0
    while (bytes !== null) {
      const answer: ResponseOf<typeof saslAuthenticate> = await ask(saslAuthenticate, { authBytes: bytes })
      if (answer.errorCode !== 0) throw refused(answer.errorMessage ?? errorOf(answer.errorCode).message)
      lifetimeMs = answer.sessionLifetimeMs
      bytes = await exchange.next(answer.authBytes)
    }
    return lifetimeMs
  } catch (error) {
    // A broker that goes away, or a token server that does, refuses nobody.
    if (isConnectionLoss(error) || error instanceof KafkaClientError) throw error
    throw refused(asError(error).message, error)
  }
}
