import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const deriveKey = promisify(pbkdf2)
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677), as PostgreSQL speaks it: the user name is left empty. */
export class ScramClient {
  readonly first: string
  readonly #bare: string
  readonly #password: string
  readonly #nonce: string
  #serverSignature: Buffer | undefined

  constructor(password: string, nonce = randomBytes(18).toString('base64')) {
    this.#password = password.normalize('NFKC')
    this.#nonce = nonce
    this.#bare = `n=,r=${nonce}`
    this.first = `n,,${this.#bare}`
  }

  /** The answer to the server's first message. */
  async final(serverFirst: string): Promise<string> {
    const parts = attributes(serverFirst)
    const nonce = parts.get('r') ?? ''
    const salt = Buffer.from(parts.get('s') ?? '', 'base64')
    const iterations = Number(parts.get('i'))
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce || salt.length === 0 || !(iterations >= 1)) {
      throw new Error('The server sent an invalid SCRAM challenge')
    }
    const salted = await deriveKey(this.#password, salt, iterations, 32, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const stored = createHash('sha256').update(clientKey).digest()
    const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`
    const signed = `${this.#bare},${serverFirst},${withoutProof}`
    const signature = hmac(stored, signed)
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), signed)
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!))
    return `${withoutProof},p=${proof.toString('base64')}`
  }

  /** Throws when the server does not know the password either. */
  verify(serverFinal: string): void {
    const given = Buffer.from(attributes(serverFinal).get('v') ?? '', 'base64')
    const expected = this.#serverSignature
    if (expected === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new Error('The server could not prove that it knows the password: it may not be the one it claims to be')
    }
  }
}

const attributes = (message: string): ReadonlyMap<string, string> =>
  new Map(message.split(',').map(part => [part.slice(0, 1), part.slice(2)]))
