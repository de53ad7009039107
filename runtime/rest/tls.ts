import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { ConfigError } from '../api/errors.ts'

type Props = Readonly<Record<string, string>>

const read = (file: string, key: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new ConfigError(`${key}: ${file} cannot be read: ${(cause as Error).message}`, { key, cause })
  }
}

/**
 * TLS of a listener from Kafka's settings: those under `prefix` (`listeners.https.`), else `ssl.*`. PEM as text or file, PKCS12
 * as file; a Java key store (JKS) is refused. Throws ConfigError.
 */
export const tlsOptions = (props: Props, prefix: string): ServerOptions => {
  const text = (key: string): string | undefined => {
    const value = (props[prefix + key] ?? props[key])?.trim()
    return value === undefined || value === '' ? undefined : value
  }
  const type = (text('ssl.keystore.type') ?? 'JKS').toUpperCase()
  const location = text('ssl.keystore.location')
  const chain = text('ssl.keystore.certificate.chain')
  const passphrase = text('ssl.key.password') ?? text('ssl.keystore.password')
  const secret = passphrase === undefined ? {} : { passphrase }
  const trust = trustOptions(text)
  if (type === 'PKCS12' && location !== undefined)
    return { pfx: read(location, 'ssl.keystore.location'), ...secret, ...trust }
  if (type === 'PEM' && location !== undefined) {
    // Key and certificates stand in one file.
    const pem = read(location, 'ssl.keystore.location')
    return { key: pem, cert: pem, ...secret, ...trust }
  }
  const key = text('ssl.keystore.key')
  if (type === 'PEM' && chain !== undefined && key !== undefined) return { key, cert: chain, ...secret, ...trust }
  throw new ConfigError(
    `An https listener needs its certificate: set ${prefix}ssl.keystore.type to PEM or PKCS12 (${type} is not read) and ${prefix}ssl.keystore.location to its file`,
    { key: `${prefix}ssl.keystore.type` },
  )
}

const trustOptions = (text: (key: string) => string | undefined): ServerOptions => {
  const auth = (text('ssl.client.auth') ?? 'none').toLowerCase()
  if (!['none', 'requested', 'required'].includes(auth))
    throw new ConfigError(
      `Invalid value ${auth} for configuration ssl.client.auth: String must be one of: none, requested, required`,
      {
        key: 'ssl.client.auth',
      },
    )
  if (auth === 'none') return {}
  const location = text('ssl.truststore.location')
  const certificates = text('ssl.truststore.certificates')
  if (location !== undefined && (text('ssl.truststore.type') ?? 'JKS').toUpperCase() !== 'PEM')
    throw new ConfigError('ssl.truststore.type must be PEM: other trust stores are not read', {
      key: 'ssl.truststore.type',
    })
  const ca = certificates ?? (location === undefined ? undefined : read(location, 'ssl.truststore.location'))
  return { requestCert: true, rejectUnauthorized: auth === 'required', ...(ca !== undefined && { ca }) }
}
