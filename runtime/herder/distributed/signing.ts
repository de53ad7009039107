import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { SessionKey } from '../../stores/ports.ts'

/** Headers of a signed request between workers, as Kafka Connect names them. */
export const signatureHeader = 'x-connect-authorization'
export const algorithmHeader = 'x-connect-request-signature-algorithm'

/** Java's names of keyed hashes, and ours. */
const hashes: Readonly<Record<string, string>> = {
  HmacSHA1: 'sha1',
  HmacSHA224: 'sha224',
  HmacSHA256: 'sha256',
  HmacSHA384: 'sha384',
  HmacSHA512: 'sha512',
}

/** Java's default key is as long as the hash of the algorithm. */
const keyBytes: Readonly<Record<string, number>> = {
  HmacSHA1: 20,
  HmacSHA224: 28,
  HmacSHA256: 32,
  HmacSHA384: 48,
  HmacSHA512: 64,
}

export const isSignatureAlgorithm = (name: string): boolean => hashes[name] !== undefined

export const newSessionKey = (algorithm: string, createdMs: number, bits?: number): SessionKey => ({
  key: randomBytes(bits === undefined ? (keyBytes[algorithm] ?? 32) : Math.ceil(bits / 8)),
  algorithm,
  createdMs,
})

const mac = (body: string, key: SessionKey, algorithm: string): Buffer =>
  createHmac(hashes[algorithm]!, key.key).update(body).digest()

/** Over the bytes of the body as they are sent; no body signs nothing. */
export const signed = (body: string, key: SessionKey, algorithm: string): Readonly<Record<string, string>> => ({
  [signatureHeader]: mac(body, key, algorithm).toString('base64'),
  [algorithmHeader]: algorithm,
})

/** Throws CodedError for a request that no worker of the cluster has signed. */
export const checkSignature = (
  body: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  key: SessionKey | undefined,
  allowed: readonly string[],
): void => {
  const signature = headers[signatureHeader]
  const algorithm = headers[algorithmHeader]
  if (typeof signature !== 'string' || typeof algorithm !== 'string') throw new CodedError('SIGNATURE_MISSING')
  if (!allowed.includes(algorithm) || !isSignatureAlgorithm(algorithm))
    throw new CodedError('SIGNATURE_ALGORITHM', { algorithm })
  if (key === undefined) throw new CodedError('NO_SESSION_KEY')
  const given = Buffer.from(signature, 'base64')
  const own = mac(body, key, algorithm)
  if (given.length !== own.length || !timingSafeEqual(given, own)) throw new CodedError('SIGNATURE_INVALID')
}
