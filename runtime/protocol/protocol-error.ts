/** Bytes that are not what the protocol says, or a value the protocol cannot carry. Nothing else leaves this folder's codecs. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError'
  /** Where in the message, outermost first: `Metadata response v9.topics[3].name`; empty when not within one. */
  readonly path: string
  readonly reason: string

  constructor(reason: string, path = '', options: ErrorOptions = {}) {
    super(path === '' ? reason : `${path}: ${reason}`, options)
    this.reason = reason
    this.path = path
  }
}

/** A record batch whose bytes are damaged (checksum, lengths, compression); `baseOffset` is the one its header gives, -1 if unreadable. */
export class CorruptRecordError extends ProtocolError {
  override readonly name: string = 'CorruptRecordError'
  readonly baseOffset: number

  constructor(reason: string, baseOffset: number, options: ErrorOptions = {}) {
    super(`record batch at offset ${baseOffset}: ${reason}`, '', options)
    this.baseOffset = baseOffset
  }
}

/** Puts an outer place before the path of a protocol error; other errors become one, so that callers handle one class. */
export function within(place: string, error: unknown): ProtocolError {
  if (!(error instanceof ProtocolError)) return new ProtocolError(String(error), place, { cause: error })
  const path = error.path === '' || error.path.startsWith('[') ? place + error.path : `${place}.${error.path}`
  return new ProtocolError(error.reason, path, { cause: error.cause })
}
