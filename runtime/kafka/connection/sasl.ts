import type { Log } from '../../api/context.ts'
import { KafkaClientError } from '../errors.ts'
import type { ClientConfig } from '../settings.ts'
import { type JaasConfig, parseJaas } from './jaas.ts'
import { oauthBearer } from './oauth-bearer.ts'
import type { SaslMechanism } from './sasl-exchange.ts'
import { scramExchange } from './scram.ts'

/** The mechanism of `sasl.*`; null for the security protocols without SASL. */
export function saslMechanism(config: ClientConfig, log: Log | undefined): SaslMechanism | null {
  if (!config.securityProtocol.startsWith('SASL_')) return null
  const name = config.reader.text('sasl.mechanism') ?? 'GSSAPI'
  const jaasText = config.reader.text('sasl.jaas.config')
  const jaas: JaasConfig = jaasText === undefined ? { loginModule: '', options: {} } : parseJaas(jaasText)
  switch (name) {
    case 'PLAIN': {
      const { username, password } = credentials(jaas, name)
      const bytes = Buffer.from(`\0${username}\0${password}`)
      return { name, begin: () => ({ first: async () => bytes, next: async () => null }) }
    }
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const { username, password } = credentials(jaas, name)
      const hash = name === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
      return { name, begin: () => scramExchange(hash, username, password) }
    }
    case 'OAUTHBEARER':
      return oauthBearer(config.reader, jaas, log)
    default:
      throw new KafkaClientError(
        'UNSUPPORTED',
        `sasl.mechanism: ${name} is not supported; PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER are`,
      )
  }
}

function credentials(jaas: JaasConfig, mechanism: string): { username: string; password: string } {
  const { username, password } = jaas.options
  if (username === undefined || password === undefined) {
    throw new KafkaClientError('CONFIG', `sasl.jaas.config: ${mechanism} needs the options username and password`)
  }
  return { username, password }
}
