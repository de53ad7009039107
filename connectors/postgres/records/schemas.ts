import { type Schema, s } from 'millrace'

// Names, versions, field order and defaults are part of the contract with consumers.

export const sourceSchema = s.struct(
  {
    version: s.string(),
    connector: s.string(),
    name: s.string(),
    ts_ms: s.int64(),
    snapshot: s.string({
      optional: true,
      name: 'io.debezium.data.Enum',
      version: 1,
      parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
      default: 'false',
    }),
    db: s.string(),
    sequence: s.string({ optional: true }),
    ts_us: s.int64({ optional: true }),
    ts_ns: s.int64({ optional: true }),
    schema: s.string(),
    table: s.string(),
    txId: s.int64({ optional: true }),
    lsn: s.int64({ optional: true }),
    xmin: s.int64({ optional: true }),
    origin: s.string({ optional: true }),
    origin_lsn: s.int64({ optional: true }),
  },
  { name: 'io.debezium.connector.postgresql.Source', version: 1 },
)

export const transactionSchema = s.struct(
  { id: s.string(), total_order: s.int64(), data_collection_order: s.int64() },
  { optional: true, name: 'event.block', version: 1 },
)

/** `row` is the optional row schema. */
export const envelopeSchema = (name: string, row: Schema): Schema =>
  s.struct(
    {
      before: row,
      after: row,
      source: sourceSchema,
      transaction: transactionSchema,
      op: s.string(),
      ts_ms: s.int64({ optional: true }),
      ts_us: s.int64({ optional: true }),
      ts_ns: s.int64({ optional: true }),
    },
    { name: `${name}.Envelope`, version: 2 },
  )

export const heartbeatKeySchema = s.struct(
  { serverName: s.string() },
  { name: 'io.debezium.connector.common.ServerNameKey', version: 1 },
)

export const heartbeatSchema = s.struct(
  { ts_ms: s.int64() },
  { name: 'io.debezium.connector.common.Heartbeat', version: 1 },
)

export const transactionKeySchema = s.struct(
  { id: s.string() },
  { name: 'io.debezium.connector.common.TransactionMetadataKey', version: 1 },
)

export const transactionValueSchema = s.struct(
  {
    status: s.string(),
    id: s.string(),
    event_count: s.int64({ optional: true }),
    data_collections: s.array(
      s.struct(
        { data_collection: s.string(), event_count: s.int64() },
        { name: 'event.collection', version: 1, optional: true },
      ),
      { optional: true },
    ),
    ts_ms: s.int64(),
  },
  { name: 'io.debezium.connector.common.TransactionMetadataValue', version: 1 },
)

export const messageKeySchema = s.struct(
  { prefix: s.string({ optional: true }) },
  { name: 'io.debezium.connector.postgresql.MessageKey', version: 1 },
)

/** `content`: bytes, or text as binary.handling.mode has it. */
export const messageSchema = (content: Schema): Schema =>
  s.struct(
    {
      op: s.string(),
      ts_ms: s.int64({ optional: true }),
      source: sourceSchema,
      transaction: transactionSchema,
      message: s.struct(
        { prefix: s.string({ optional: true }), content: content.with({ optional: true }) },
        { name: 'io.debezium.connector.postgresql.Message', version: 1 },
      ),
    },
    { name: 'io.debezium.connector.postgresql.MessageValue', version: 1 },
  )
