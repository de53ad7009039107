import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { asError, closedError, KafkaClientError } from '../errors.ts'
import type { Address, ClientConfig } from '../settings.ts'
import { tlsOptions } from './tls.ts'

/** Large reads cost fewer callbacks: measured against 64 KB, half of the CPU of a fetch. */
const SLAB_BYTES = 512 * 1024

let sharedSlab: Buffer | undefined

/** A read is taken in before the next one begins, so one slab serves all sockets; but on Windows reads are begun ahead. */
const slab = (): Buffer =>
  process.platform === 'win32'
    ? Buffer.allocUnsafeSlow(SLAB_BYTES)
    : (sharedSlab ??= Buffer.allocUnsafeSlow(SLAB_BYTES))

/**
 * Opens a socket, with TLS where the security protocol says so. `onRead` gets the bytes of each read; they are overwritten
 * by the next. Throws KafkaClientError CONNECTION, TIMEOUT or, for certificates, AUTHENTICATION; CLOSED when `signal` aborts.
 */
export function openSocket(
  address: Address,
  config: ClientConfig,
  onRead: (bytes: Uint8Array, length: number) => void,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = address
  const isTls = config.securityProtocol.endsWith('SSL')
  return new Promise((resolve, reject) => {
    let socket: Socket
    if (isTls) {
      socket = connectTls({ host, port, ...tlsOptions(config.reader, host) }, connected)
      socket.on('data', (chunk: Buffer) => onRead(chunk, chunk.length))
    } else {
      const callback = (length: number, bytes: Uint8Array): boolean => {
        onRead(bytes, length)
        return true
      }
      socket = connectTcp(
        { host, port, noDelay: true, keepAlive: true, onread: { buffer: slab(), callback } },
        connected,
      )
    }
    let failure: Error | null = null
    const timer = setTimeout(() => {
      const limit = `${config.connectTimeoutMs} ms (socket.connection.setup.timeout.ms)`
      failure = new KafkaClientError('TIMEOUT', `No connection to ${host}:${port} in ${limit}`)
      socket.destroy()
    }, config.connectTimeoutMs)

    function onAbort(): void {
      failure ??= closedError('Kafka client')
      socket.destroy()
    }
    function onError(error: Error): void {
      failure ??= connectError(error, address, isTls)
    }
    function onClose(): void {
      settled()
      reject(failure ?? new KafkaClientError('CONNECTION', `${host}:${port} closed the connection at once`))
    }
    function connected(): void {
      settled()
      socket.setNoDelay(true)
      // An error between here and the next owner's listener must not end the process; the socket is destroyed then.
      socket.on('error', () => {})
      socket.off('error', onError)
      socket.off('close', onClose)
      resolve(socket)
    }
    function settled(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    socket.on('error', onError)
    socket.on('close', onClose)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

export function connectError(error: Error, { host, port }: Address, isTls: boolean): KafkaClientError {
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  const refused = isTls && /CERT|SSL|TLS|ISSUER|SIGNATURE|EPROTO/.test(code)
  // Several addresses tried: the error is a list without a message of its own.
  const reason =
    error instanceof AggregateError && error.message === ''
      ? error.errors.map(inner => asError(inner).message).join(', ')
      : error.message
  const remedy = refused ? '; check ssl.truststore.*, ssl.keystore.* and that the listener speaks TLS' : ''
  return new KafkaClientError(
    refused ? 'AUTHENTICATION' : 'CONNECTION',
    `Connection to ${host}:${port} failed: ${reason}${remedy}`,
    { cause: error },
  )
}
