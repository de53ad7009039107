import { quoteJson } from 'millrace'

/** The version of Debezium whose events these are, byte for byte: consumers see it as `source.version`. */
const eventVersion = '3.6.1.Final'

/** Parts of `source` that differ from event to event. */
export interface EventSource {
  readonly tsMicros: number
  /** undefined: an event of the stream, not of a snapshot. */
  readonly snapshot: string | undefined
  readonly sequence: string
  readonly txId: number | null
  readonly lsn: number | null
  readonly origin: string | null
  readonly originLsn: number | null
  readonly xmin?: number | undefined
}

/** What `source` says of the connector. */
export class SourceHead {
  /** topic.prefix */
  readonly logical: string
  readonly database: string
  /** Up to `"ts_ms":` */
  readonly #start: string
  /** From `,"db":` to the quote that opens `sequence`. */
  readonly #middle: string

  constructor(logical: string, database: string) {
    this.logical = logical
    this.database = database
    this.#start = `,"source":{"version":${quoteJson(eventVersion)},"connector":"postgresql","name":${quoteJson(logical)},"ts_ms":`
    this.#middle = `,"db":${quoteJson(database)},"sequence":"`
  }

  /** JSON from `,"source":{` to the middle of `sequence`. */
  start(tsMicros: number, snapshot: string, sequence: string): string {
    const inText = sequence.replaceAll('"', '\\"')
    return `${this.#start}${Math.floor(tsMicros / 1000)},"snapshot":"${snapshot}"${this.#middle}${inText}`
  }

  streamStart(transaction: { readonly tsMicros: number; readonly sequenceStart: string }): Buffer {
    return Buffer.from(this.start(transaction.tsMicros, 'false', transaction.sequenceStart))
  }
}

/** What `source` says of a table, as object and as JSON. */
export class SourceBlock {
  readonly head: SourceHead
  /** `,"schema":"...","table":"...","txId":` */
  readonly place: Buffer
  readonly #schema: string
  readonly #table: string

  constructor(head: SourceHead, schema: string, table: string) {
    this.head = head
    this.#schema = schema
    this.#table = table
    this.place = Buffer.from(`,"schema":${quoteJson(schema)},"table":${quoteJson(table)},"txId":`)
  }

  toObject(event: EventSource): Record<string, unknown> {
    return {
      version: eventVersion,
      connector: 'postgresql',
      name: this.head.logical,
      ts_ms: Math.floor(event.tsMicros / 1000),
      // Unset in events of the stream: JSON then shows the default, "false".
      snapshot: event.snapshot ?? null,
      db: this.head.database,
      sequence: event.sequence,
      ts_us: event.tsMicros,
      ts_ns: BigInt(event.tsMicros) * 1000n,
      schema: this.#schema,
      table: this.#table,
      txId: event.txId,
      lsn: event.lsn,
      xmin: event.xmin ?? null,
      origin: event.origin,
      origin_lsn: event.originLsn,
    }
  }
}
