import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { asError, KafkaClientError } from '../errors.ts'
import { invalid, type SettingsReader } from '../settings.ts'

/**
 * Options for `tls.connect` from `ssl.*`: PEM in the settings (`ssl.truststore.certificates`, `ssl.keystore.key`,
 * `ssl.keystore.certificate.chain`) or in files (`ssl.*.location`); a PKCS12 file as key store too. Without a trust store
 * the well-known authorities count. An empty `ssl.endpoint.identification.algorithm` switches the host name check off.
 */
export function tlsOptions(reader: SettingsReader, host: string): ConnectionOptions {
  const options: ConnectionOptions = isIP(host) === 0 ? { servername: host } : {}
  const trusted = reader.text('ssl.truststore.certificates') ?? pemFile(reader, 'ssl.truststore')
  if (trusted !== undefined) options.ca = unwrapped(trusted)
  const chain = reader.text('ssl.keystore.certificate.chain')
  const key = reader.text('ssl.keystore.key')
  const passphrase = reader.given('ssl.key.password')
  if (chain !== undefined && key !== undefined) {
    options.cert = unwrapped(chain)
    options.key = unwrapped(key)
    if (passphrase !== undefined) options.passphrase = passphrase
  } else if (chain !== undefined || key !== undefined) {
    throw new KafkaClientError(
      'CONFIG',
      'ssl.keystore.key and ssl.keystore.certificate.chain: one is there without the other',
    )
  } else {
    keyStore(reader, options, passphrase)
  }
  const ciphers = reader.list('ssl.cipher.suites')
  if (ciphers.length > 0) options.ciphers = ciphers.join(':')
  const versions = reader.list('ssl.enabled.protocols', ['TLSv1.2', 'TLSv1.3']).map(secureVersion).sort()
  options.minVersion = versions[0]!
  options.maxVersion = versions.at(-1)!
  if (reader.given('ssl.endpoint.identification.algorithm')?.trim() === '')
    options.checkServerIdentity = () => undefined
  return options
}

function secureVersion(name: string): SecureVersion {
  if (name !== 'TLSv1.2' && name !== 'TLSv1.3' && name !== 'TLSv1.1' && name !== 'TLSv1') {
    throw invalid('ssl.enabled.protocols', name, 'TLSv1.2 or TLSv1.3')
  }
  return name
}

/** Settings on one line carry line ends as `\n`. */
const unwrapped = (pem: string): string => pem.replaceAll('\\n', '\n')

function pemFile(reader: SettingsReader, prefix: string): string | undefined {
  const bytes = storeFile(reader, prefix)
  if (bytes === undefined) return undefined
  if (bytes.includes('-----BEGIN')) return bytes.toString('utf8')
  throw storeProblem(prefix, bytes)
}

function keyStore(reader: SettingsReader, options: ConnectionOptions, keyPassword: string | undefined): void {
  const bytes = storeFile(reader, 'ssl.keystore')
  if (bytes === undefined) return
  const password = keyPassword ?? reader.given('ssl.keystore.password')
  if (password !== undefined) options.passphrase = password
  if (bytes.includes('-----BEGIN')) {
    options.cert = bytes
    options.key = bytes
  } else if (isJks(bytes)) {
    throw storeProblem('ssl.keystore', bytes)
  } else {
    options.pfx = bytes
  }
}

function storeFile(reader: SettingsReader, prefix: string): Buffer | undefined {
  const location = reader.text(`${prefix}.location`)
  if (location === undefined) return undefined
  try {
    return readFileSync(location)
  } catch (error) {
    const reason = asError(error).message
    throw new KafkaClientError('CONFIG', `${prefix}.location: ${reason}`, { cause: error })
  }
}

const isJks = (bytes: Buffer): boolean => bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeed_feed

const storeProblem = (prefix: string, bytes: Buffer): KafkaClientError =>
  new KafkaClientError(
    'UNSUPPORTED',
    `${prefix}.location: a ${isJks(bytes) ? 'JKS' : 'PKCS12'} file cannot be read here; export it as PEM ` +
      `(keytool -importkeystore ... -deststoretype PKCS12, then openssl pkcs12 -in store.p12 -nodes) and set ${prefix}.type=PEM`,
  )
