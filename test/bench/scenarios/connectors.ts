import type { PostgresPart } from '../parts/postgres.ts'
import type { S3Part } from '../parts/s3.ts'

type Config = Readonly<Record<string, string>>

/** Debezium's connector for one table of `database`; `id` names topics, slot and publication. */
export const postgresSource = (
  database: PostgresPart,
  id: string,
  table: 'bench_rows' | 'bench_stream',
  snapshotMode: 'initial' | 'no_data',
): Config => ({
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'tasks.max': '1',
  'plugin.name': 'pgoutput',
  ...database.connection,
  'topic.prefix': id,
  'slot.name': id,
  'publication.name': id,
  'publication.autocreate.mode': 'filtered',
  'table.include.list': `public.${table}`,
  'snapshot.mode': snapshotMode,
})

/** Settings of a connector that writes the schema into each key and value, as JsonConverter does by default. */
export const withSchemas: Config = Object.fromEntries(
  ['key', 'value'].flatMap(side => [
    [`${side}.converter`, 'org.apache.kafka.connect.json.JsonConverter'],
    [`${side}.converter.schemas.enable`, 'true'],
  ]),
)

/** Gzip at level 1, JSON lines; an object every `perObject` records of a partition and at no other time. */
export const s3Sink = (store: S3Part, topic: string, prefix: string, perObject: number): Config => ({
  'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
  'tasks.max': '1',
  topics: topic,
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  ...store.connection,
  'topics.dir': prefix,
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  's3.compression.type': 'gzip',
  's3.compression.level': '1',
  'flush.size': String(perObject),
})
