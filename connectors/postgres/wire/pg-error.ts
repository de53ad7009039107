/** What the server said, field by field. `message` shows severity and text; never a statement, which may hold a secret. */
export class PgError extends Error {
  override readonly name = 'PgError'
  readonly severity: string
  /** SQLSTATE, five characters. */
  readonly code: string
  readonly text: string
  readonly detail: string | undefined
  readonly hint: string | undefined

  constructor(fields: ReadonlyMap<string, string>) {
    const severity = fields.get('V') ?? fields.get('S') ?? 'ERROR'
    const text = fields.get('M') ?? 'no message'
    super(`${severity}: ${text}`)
    this.severity = severity
    this.text = text
    this.code = fields.get('C') ?? 'XX000'
    this.detail = fields.get('D')
    this.hint = fields.get('H')
  }
}

/** The connection itself broke: refused, reset, closed or silent for too long. Trying again may help. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** Fields of an ErrorResponse or NoticeResponse whose body is `buf[at..end)`. */
export const errorFields = (buf: Buffer, at: number, end: number): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (let pos = at; pos < end && buf[pos] !== 0; ) {
    const stop = buf.indexOf(0, pos + 1)
    if (stop < 0 || stop >= end) break
    fields.set(String.fromCharCode(buf[pos]!), buf.toString('utf8', pos + 1, stop))
    pos = stop + 1
  }
  return fields
}
