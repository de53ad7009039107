import { createHash } from 'node:crypto'

// The client's side of the frontend/backend protocol, version 3.0. Lengths count themselves, not the type byte.

const framed = (type: string, ...parts: readonly (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const sslRequest = (): Buffer => Buffer.concat([int32(8), int32(80877103)])

export const startup = (parameters: Readonly<Record<string, string>>): Buffer => {
  const pairs = Object.entries(parameters).flat()
  const body = Buffer.from(`${pairs.join('\0')}\0\0`)
  return Buffer.concat([int32(body.length + 8), int32(196608), body])
}

export const password = (text: string): Buffer => framed('p', `${text}\0`)

export const md5Password = (user: string, secret: string, salt: Buffer): Buffer => {
  const inner = createHash('md5')
    .update(secret + user)
    .digest('hex')
  return password(`md5${createHash('md5').update(inner).update(salt).digest('hex')}`)
}

export const saslStart = (mechanism: string, first: string): Buffer =>
  framed('p', `${mechanism}\0`, int32(Buffer.byteLength(first)), first)

export const saslContinue = (text: string): Buffer => framed('p', text)
export const simpleQuery = (sql: string): Buffer => framed('Q', `${sql}\0`)
export const terminate = (): Buffer => framed('X')
export const copyDone = (): Buffer => framed('c')

const epoch2000Ms = 946_684_800_000

/**
 * A standby status update: what was received, and what may be forgotten (flushed and applied). LSNs are numbers below 2^53.
 * `answer`: the server is to say at once how far it has come.
 */
export const standbyStatus = (received: number, flushed: number, nowMs: number, answer = false): Buffer => {
  const message = Buffer.alloc(39)
  message[0] = 0x64
  message.writeInt32BE(38, 1)
  message[5] = 0x72
  message.writeBigUInt64BE(BigInt(received), 6)
  message.writeBigUInt64BE(BigInt(flushed), 14)
  message.writeBigUInt64BE(BigInt(flushed), 22)
  message.writeBigInt64BE(BigInt(nowMs - epoch2000Ms) * 1000n, 30)
  message[38] = answer ? 1 : 0
  return message
}
