import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { SaslExchange } from './sasl-exchange.ts'

const derive = promisify(pbkdf2)

export type ScramHash = 'sha256' | 'sha512'

/** What Kafka itself asks for at least. */
const MIN_ITERATIONS = 4096

/** RFC 5802 as Kafka speaks it: no channel binding, names and passwords as UTF-8 without SASLprep. */
export function scramExchange(
  hash: ScramHash,
  username: string,
  password: string,
  nonce: string = randomBytes(24).toString('base64'),
): SaslExchange {
  const bareFirst = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  let step = 0
  let serverSignature: Buffer = Buffer.alloc(0)
  return {
    first: async () => Buffer.from(`n,,${bareFirst}`),
    async next(challenge) {
      const text = challenge.toString('utf8')
      const fields = parseFields(text)
      if (fields.e !== undefined) throw new Error(`the broker answered ${fields.e}`)
      if (step++ === 0) {
        const { r, s, i } = fields
        const iterations = Number(i)
        if (r === undefined || s === undefined || !r.startsWith(nonce) || r.length === nonce.length) {
          throw new Error('the first answer is malformed or does not extend our nonce')
        }
        if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS) {
          throw new Error(`${i} iterations, at least ${MIN_ITERATIONS} are wanted`)
        }
        const size = hash === 'sha256' ? 32 : 64
        const salted = await derive(Buffer.from(password, 'utf8'), Buffer.from(s, 'base64'), iterations, size, hash)
        const clientKey = hmac(hash, salted, 'Client Key')
        const withoutProof = `c=biws,r=${r}`
        const message = `${bareFirst},${text},${withoutProof}`
        const signature = hmac(hash, createHash(hash).update(clientKey).digest(), message)
        const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!))
        serverSignature = hmac(hash, hmac(hash, salted, 'Server Key'), message)
        return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
      }
      const given = Buffer.from(fields.v ?? '', 'base64')
      if (given.length !== serverSignature.length || !timingSafeEqual(given, serverSignature)) {
        throw new Error('the broker does not know the password itself: its signature is wrong')
      }
      return null
    },
  }
}

const hmac = (hash: ScramHash, key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest()

const parseFields = (text: string): Partial<Record<string, string>> =>
  Object.fromEntries(text.split(',').map(part => [part.slice(0, 1), part.slice(2)]))
