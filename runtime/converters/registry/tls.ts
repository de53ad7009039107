import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '../../api/errors.ts'
import type { ConnectionConfig } from './connection-settings.ts'

/** What a secure request of Node.js takes. */
export interface TlsOptions extends SecureContextOptions {
  checkServerIdentity?: () => undefined
}

const prefix = 'schema.registry.ssl.'

const storeAt = (location: string, key: string): Buffer => {
  try {
    return readFileSync(location)
  } catch (cause) {
    throw new ConfigError(`${key}: ${(cause as Error).message}`, { key, cause })
  }
}

const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN')
const isJks = (bytes: Buffer): boolean => bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeed_feed

/** Settings on one line carry line ends as `\n`. */
const unwrapped = (pem: string): string => pem.replaceAll('\\n', '\n')

const authorities = (config: ConnectionConfig): Buffer | string | undefined => {
  const text = config.schemaRegistrySslTruststoreCertificates
  if (text !== undefined) return unwrapped(text.reveal())
  const location = config.schemaRegistrySslTruststoreLocation
  if (location === undefined) return undefined
  const key = `${prefix}truststore.location`
  const bytes = storeAt(location, key)
  if (isPem(bytes)) return bytes
  throw new ConfigError(`${key}: ${location} is no PEM file: export it as PEM`, { key })
}

const ownCertificate = (config: ConnectionConfig): TlsOptions => {
  const {
    schemaRegistrySslKeystoreKey: ownKey,
    schemaRegistrySslKeystoreCertificateChain: chain,
    schemaRegistrySslKeystoreLocation: location,
    schemaRegistrySslKeyPassword: keyPassword,
    schemaRegistrySslKeystorePassword: storePassword,
  } = config
  const opened = (passphrase: typeof keyPassword) => passphrase !== undefined && { passphrase: passphrase.reveal() }
  if (ownKey !== undefined && chain !== undefined)
    return { key: unwrapped(ownKey.reveal()), cert: unwrapped(chain.reveal()), ...opened(keyPassword) }
  if (ownKey !== undefined || chain !== undefined) {
    const key = `${prefix}keystore.${ownKey === undefined ? 'key' : 'certificate.chain'}`
    throw new ConfigError(`${key} is missing: a key and its certificate are given together`, { key })
  }
  if (location === undefined) return {}
  const key = `${prefix}keystore.location`
  const bytes = storeAt(location, key)
  if (isJks(bytes))
    throw new ConfigError(`${key}: ${location} is a Java key store (JKS): export it as PKCS12 or PEM`, { key })
  return isPem(bytes)
    ? { cert: bytes, key: bytes, ...opened(keyPassword ?? storePassword) }
    : { pfx: bytes, ...opened(storePassword ?? keyPassword) }
}

/** From `schema.registry.ssl.*`; without a trust store the well-known authorities count. Throws ConfigError. */
export const tlsOf = (config: ConnectionConfig): TlsOptions => {
  const ca = authorities(config)
  const options: TlsOptions = { ...ownCertificate(config), ...(ca !== undefined && { ca }) }
  try {
    createSecureContext(options)
  } catch (cause) {
    const key = `${prefix}keystore.location`
    const where = config.schemaRegistrySslKeystoreLocation ?? 'the certificates given'
    throw new ConfigError(`${key}: ${where} cannot be opened (${(cause as Error).message})`, { key, cause })
  }
  // An empty name of an algorithm switches the check of the host's name off, as in Kafka.
  if (config.schemaRegistrySslEndpointIdentificationAlgorithm.trim() === '')
    options.checkServerIdentity = () => undefined
  return options
}

/** Codes of Node.js for certificates of the other side that do not stand the check. */
const untrusted = /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|CRL_|HOSTNAME_MISMATCH|ERR_TLS_CERT)/
/** Alerts of the other side about our certificate. */
const unwelcome = /^ERR_SSL_.*(?:CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/

/** What to set where `url` and we do not trust each other; undefined for any other trouble. */
export const tlsRefusal = (url: string, cause: Error): ConfigError | undefined => {
  const { code = '' } = cause as NodeJS.ErrnoException
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const key = `${prefix}endpoint.identification.algorithm`
    return new ConfigError(
      `${url} has a certificate for another host (${cause.message}): if that is meant, set ${key} to nothing`,
      { key, cause },
    )
  }
  if (untrusted.test(code)) {
    const key = `${prefix}truststore.location`
    return new ConfigError(`${key}: the certificate of ${url} is not trusted (${cause.message})`, { key, cause })
  }
  if (!unwelcome.test(code)) return undefined
  const key = `${prefix}keystore.location`
  return new ConfigError(`${key}: ${url} does not accept our certificate, or that we have none (${code})`, {
    key,
    cause,
  })
}

/** What a cut may mean: some servers hang up without a word on a client whose certificate they do not like. */
export const tlsHint = (url: string, { code }: NodeJS.ErrnoException): string =>
  code === 'ECONNRESET' && url.startsWith('https:')
    ? ` (does it accept the certificate of ${prefix}keystore.location?)`
    : ''
