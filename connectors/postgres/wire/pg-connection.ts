import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import type { Secret } from 'millrace'
import * as message from './messages.ts'
import { ConnectionLost, errorFields, PgError } from './pg-error.ts'
import { ScramClient } from './scram.ts'
import { type Address, WireSocket } from './wire-socket.ts'

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface ConnectOptions extends Address {
  readonly user: string
  readonly password: Secret | undefined
  readonly database: string
  /** Name of the connector, where it is known: the server shows it. */
  readonly connector?: string | undefined
  readonly sslMode: SslMode
  readonly sslCert?: string | undefined
  readonly sslKey?: string | undefined
  readonly sslPassword?: Secret | undefined
  readonly sslRootCert?: string | undefined
  /** 0: none. */
  readonly queryTimeoutMs: number
}

/** Rows of text, as the server prints values. */
export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** One message of the server: its body is `buf[at..end)`, valid until the next read. */
export interface Message {
  readonly type: string
  readonly buf: Buffer
  readonly at: number
  readonly end: number
}

/** How values are printed must not depend on the server's, database's or role's settings. */
const session = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
}

/**
 * A connection to PostgreSQL: the simple query protocol, COPY and replication. One command at a time. Errors: PgError for what the
 * server says, ConnectionLost for anything that ended the connection.
 */
export class PgConnection {
  readonly socket: WireSocket
  readonly #options: ConnectOptions
  readonly #parameters = new Map<string, string>()

  private constructor(socket: WireSocket, options: ConnectOptions) {
    this.socket = socket
    this.#options = options
  }

  static async open(options: ConnectOptions, purpose: 'query' | 'replication' = 'query'): Promise<PgConnection> {
    if (options.sslMode !== 'allow')
      return PgConnection.#open(options, purpose, await socketOf(options, options.sslMode))
    try {
      return await PgConnection.#open(options, purpose, await WireSocket.plain(options))
    } catch (error) {
      if (!(error instanceof PgError && error.code === '28000')) throw error
      return PgConnection.#open(options, purpose, await socketOf(options, 'require'))
    }
  }

  static async #open(options: ConnectOptions, purpose: string, socket: WireSocket): Promise<PgConnection> {
    const connection = new PgConnection(socket, options)
    socket.write(
      message.startup({
        user: options.user,
        database: options.database,
        ...(purpose === 'replication' ? { replication: 'database' } : {}),
        ...session,
        application_name: applicationName(options.connector),
      }),
    )
    try {
      await connection.#limited(options.connectTimeoutMs, connection.#authenticate())
    } catch (error) {
      socket.destroy(new ConnectionLost('Login failed'))
      throw error
    }
    return connection
  }

  /** What the server reported of itself, such as `server_version`. */
  parameter(name: string): string | undefined {
    return this.#parameters.get(name)
  }

  /** For example 180004. */
  get serverVersion(): number {
    const [major = 0, minor = 0] = (this.parameter('server_version') ?? '')
      .split('.')
      .map(part => Number.parseInt(part, 10))
    return major * 10000 + minor
  }

  /** Runs statements; the rows of the last one that has any. */
  async query(sql: string): Promise<Rows> {
    return this.#limited(this.#options.queryTimeoutMs, this.#query(sql))
  }

  /** Values are printed as on every connection again, whatever statements of the user set. */
  async resetTexts(): Promise<void> {
    await this.query(
      Object.keys(session)
        .map(name => `reset ${name}`)
        .join('; '),
    )
  }

  /** The first column of the first row. */
  async value(sql: string): Promise<string | null> {
    return (await this.query(sql)).rows[0]?.[0] ?? null
  }

  /** Starts a COPY ... TO STDOUT or START_REPLICATION; the data is read from `socket`. */
  async startCopy(sql: string): Promise<void> {
    this.socket.write(message.simpleQuery(sql))
    for (;;) {
      const { type, buf, at, end } = await this.next()
      if (type === 'H' || type === 'W') return
      if (type === 'E') {
        const error = new PgError(errorFields(buf, at, end))
        await this.#ready()
        throw error
      }
    }
  }

  /** The next message that is not mere chatter. */
  async next(): Promise<Message> {
    const { socket } = this
    for (;;) {
      await socket.need(5)
      const length = 1 + socket.buf.readInt32BE(socket.start + 1)
      await socket.need(length)
      const { buf, start } = socket
      socket.start += length
      const type = String.fromCharCode(buf[start]!)
      if (type === 'S') {
        const [name = '', value = ''] = buf.toString('utf8', start + 5, start + length - 1).split('\0')
        this.#parameters.set(name, value)
      } else if (type !== 'N' && type !== 'A') return { type, buf, at: start + 5, end: start + length }
    }
  }

  /** Closes politely; never fails. */
  close(): void {
    this.socket.write(message.terminate())
    this.socket.finish(new ConnectionLost('The connection was closed by this task'))
  }

  async #query(sql: string): Promise<Rows> {
    this.socket.write(message.simpleQuery(sql))
    let columns: string[] = []
    let rows: (string | null)[][] = []
    let failure: PgError | undefined
    for (;;) {
      const { type, buf, at, end } = await this.next()
      if (type === 'T') {
        columns = columnNames(buf, at)
        rows = []
      } else if (type === 'D') rows.push(rowOf(buf, at))
      else if (type === 'E') failure ??= new PgError(errorFields(buf, at, end))
      else if (type === 'Z') break
      // A severe error is the last word of the server: no ReadyForQuery follows.
      if (failure !== undefined && failure.severity !== 'ERROR') break
    }
    if (failure !== undefined) throw failure
    return { columns, rows }
  }

  async #ready(): Promise<void> {
    while ((await this.next()).type !== 'Z') {}
  }

  async #authenticate(): Promise<void> {
    const { user, password } = this.#options
    let scram: ScramClient | undefined
    for (;;) {
      const { type, buf, at, end } = await this.next()
      if (type === 'E') throw new PgError(errorFields(buf, at, end))
      if (type === 'Z') return
      if (type !== 'R') continue
      const kind = buf.readInt32BE(at)
      if (kind === 0) continue
      if (password === undefined && kind !== 12)
        throw new PgError(
          new Map([
            ['V', 'FATAL'],
            ['C', '28P01'],
            ['M', `the server asks for a password for user "${user}"`],
          ]),
        )
      const secret = password?.reveal() ?? ''
      if (kind === 3) this.socket.write(message.password(secret))
      else if (kind === 5) this.socket.write(message.md5Password(user, secret, buf.subarray(at + 4, at + 8)))
      else if (kind === 10) {
        const mechanisms = buf.toString('utf8', at + 4, end).split('\0')
        if (!mechanisms.includes('SCRAM-SHA-256'))
          throw new Error(`The server offers only ${mechanisms.join(' ')} to log in`)
        scram = new ScramClient(secret)
        this.socket.write(message.saslStart('SCRAM-SHA-256', scram.first))
      } else if (kind === 11 && scram !== undefined) {
        this.socket.write(message.saslContinue(await scram.final(buf.toString('utf8', at + 4, end))))
      } else if (kind === 12 && scram !== undefined) scram.verify(buf.toString('utf8', at + 4, end))
      else
        throw new Error(
          `The server asks for a way to log in that is not supported here (kind ${kind}); use a password (scram-sha-256 or md5) or a certificate`,
        )
    }
  }

  async #limited<T>(ms: number, promise: Promise<T>): Promise<T> {
    if (ms <= 0) return promise
    let waiting = true
    const giveUp = () => {
      if (waiting) this.socket.destroy(new ConnectionLost(`No answer within ${ms} ms`))
    }
    // Timers go before sockets: what arrived while something else held the thread is read first.
    const timer = setTimeout(() => setImmediate(giveUp), ms)
    try {
      return await promise
    } finally {
      waiting = false
      clearTimeout(timer)
    }
  }
}

/** As which a connector shows in pg_stat_activity: plain ASCII, as long as the server keeps. */
export const applicationName = (connector: string | undefined): string =>
  (connector === undefined ? 'Millrace' : `Millrace ${connector}`).replace(/[^ -~]/g, '?').slice(0, 63)

const socketOf = async (options: ConnectOptions, mode: SslMode): Promise<WireSocket> => {
  if (mode === 'disable') return WireSocket.plain(options)
  const { socket, offered } = await WireSocket.askForTls(options, message.sslRequest())
  if (offered) return WireSocket.tls(socket, options, await tlsOptions(options, mode))
  socket.destroy()
  if (mode === 'prefer' || mode === 'allow') return WireSocket.plain(options)
  throw new ConnectionLost(
    `The server does not offer TLS, which database.sslmode=${mode} insists on: switch ssl on in the server, or use prefer or disable`,
  )
}

const tlsOptions = async (options: ConnectOptions, mode: SslMode): Promise<ConnectionOptions> => {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFile(file))
  const [cert, key, ca] = await Promise.all([read(options.sslCert), read(options.sslKey), read(options.sslRootCert)])
  const passphrase = options.sslPassword?.reveal()
  // The JVM's driver wants its key as PKCS#8 DER or PKCS#12; a PEM is as good.
  const pem = key?.subarray(0, 5).toString('latin1') === '-----'
  const pkcs12 = options.sslKey !== undefined && /\.(p12|pfx)$/i.test(options.sslKey)
  const derPem =
    key && !pem && !pkcs12 ? `-----BEGIN PRIVATE KEY-----\n${key.toString('base64')}\n-----END PRIVATE KEY-----\n` : key
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : pkcs12 ? { pfx: key } : { key: derPem }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca }),
    // The name that the certificate is checked against; an address is none that can be asked for.
    host: options.host,
    ...(/^[\d.]+$|:/.test(options.host) ? {} : { servername: options.host }),
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  }
}

const columnNames = (buf: Buffer, at: number): string[] => {
  const names: string[] = []
  let pos = at + 2
  for (let left = buf.readInt16BE(at); left > 0; left--) {
    const stop = buf.indexOf(0, pos)
    names.push(buf.toString('utf8', pos, stop))
    pos = stop + 19
  }
  return names
}

const rowOf = (buf: Buffer, at: number): (string | null)[] => {
  const row: (string | null)[] = []
  let pos = at + 2
  for (let left = buf.readInt16BE(at); left > 0; left--) {
    const length = buf.readInt32BE(pos)
    pos += 4
    row.push(length < 0 ? null : buf.toString('utf8', pos, pos + length))
    if (length > 0) pos += length
  }
  return row
}

/** A name as SQL wants it. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** A text as SQL wants it. */
export const literal = (text: string): string =>
  text.includes('\\') ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`
