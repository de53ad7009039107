import type { PluginKind } from '../api/define.ts'
import type { PluginLocation } from './location.ts'

interface Builtin {
  readonly class: string
  readonly kind: PluginKind
  readonly version: string
  /** Module, from the root of the package, without its ending. */
  readonly module: string
  readonly aliases?: readonly string[]
  /** `class` is there once with `$Key` and once with `$Value`. */
  readonly sides?: true
}

const kafka = '4.3.0'
const confluent = '8.3.0'
const debezium = '3.6.1.Final'
const own = '0.1.0'

// A table rather than imports: a worker knows what it has without loading any of it. test/plugins holds it against the files.
const table: readonly Builtin[] = [
  {
    class: 'io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector',
    kind: 'sink',
    version: '3.4.1',
    module: 'connectors/s3/aiven-sink',
  },
  {
    class: 'io.confluent.connect.s3.S3SinkConnector',
    kind: 'sink',
    version: '10.6.0',
    module: 'connectors/s3/confluent-sink',
  },
  {
    class: 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    kind: 'sink',
    version: kafka,
    module: 'connectors/file/sink',
  },
  {
    class: 'io.debezium.connector.postgresql.PostgresConnector',
    kind: 'source',
    version: debezium,
    module: 'connectors/postgres/source',
  },
  {
    class: 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    kind: 'source',
    version: kafka,
    module: 'connectors/file/source',
  },
  {
    class: 'io.debezium.transforms.ExtractNewRecordState',
    kind: 'transformation',
    version: own,
    module: 'transforms/extract-new-record-state',
  },
  {
    class: 'io.debezium.transforms.ExtractChangedRecordState',
    kind: 'transformation',
    version: own,
    module: 'transforms/extract-changed-record-state',
  },
  {
    class: 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
    kind: 'transformation',
    version: own,
    module: 'transforms/decode-logical-decoding-message-content',
  },
  {
    class: 'io.debezium.transforms.ExtractSchemaToNewRecord',
    kind: 'transformation',
    version: own,
    module: 'transforms/extract-schema-to-new-record',
  },
  {
    class: 'io.debezium.transforms.GeometryFormatTransformer',
    kind: 'transformation',
    version: own,
    module: 'transforms/geometry-format-transformer',
  },
  {
    class: 'io.debezium.transforms.ByLogicalTableRouter',
    kind: 'transformation',
    version: own,
    module: 'transforms/by-logical-table-router',
  },
  {
    class: 'io.debezium.transforms.ContentBasedRouter',
    kind: 'transformation',
    version: own,
    module: 'transforms/content-based-router',
  },
  {
    class: 'io.debezium.transforms.Filter',
    kind: 'transformation',
    version: own,
    module: 'transforms/expression-filter',
  },
  {
    class: 'io.debezium.transforms.HeaderToValue',
    kind: 'transformation',
    version: own,
    module: 'transforms/header-to-value',
  },
  {
    class: 'io.debezium.transforms.TimezoneConverter',
    kind: 'transformation',
    version: own,
    module: 'transforms/timezone-converter',
  },
  {
    class: 'io.debezium.transforms.outbox.EventRouter',
    kind: 'transformation',
    version: own,
    module: 'transforms/outbox-event-router',
  },
  {
    class: 'io.debezium.transforms.partitions.PartitionRouting',
    kind: 'transformation',
    version: own,
    module: 'transforms/partition-routing',
  },
  {
    class: 'millrace.transforms.Script',
    kind: 'transformation',
    version: own,
    module: 'transforms/script',
  },
  {
    class: 'org.apache.kafka.connect.transforms.Cast',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/cast',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.DropHeaders',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/drop-headers',
  },
  {
    class: 'org.apache.kafka.connect.transforms.ExtractField',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/extract-field',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.Filter',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/filter',
  },
  {
    class: 'org.apache.kafka.connect.transforms.Flatten',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/flatten',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.HeaderFrom',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/header-from',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.HoistField',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/hoist-field',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.InsertField',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/insert-field',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.InsertHeader',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/insert-header',
  },
  {
    class: 'org.apache.kafka.connect.transforms.MaskField',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/mask-field',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.RegexRouter',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/regex-router',
  },
  {
    class: 'org.apache.kafka.connect.transforms.ReplaceField',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/replace-field',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.SetSchemaMetadata',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/set-schema-metadata',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.ValueToKey',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/value-to-key',
  },
  {
    class: 'org.apache.kafka.connect.transforms.TimestampConverter',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/timestamp-converter',
    sides: true,
  },
  {
    class: 'org.apache.kafka.connect.transforms.TimestampRouter',
    kind: 'transformation',
    version: kafka,
    module: 'transforms/timestamp-router',
  },
  {
    class: 'millrace.predicates.FieldMatches',
    kind: 'predicate',
    version: own,
    module: 'transforms/predicates/field-matches',
  },
  {
    class: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
    kind: 'predicate',
    version: kafka,
    module: 'transforms/predicates/has-header-key',
  },
  {
    class: 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
    kind: 'predicate',
    version: kafka,
    module: 'transforms/predicates/record-is-tombstone',
  },
  {
    class: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    kind: 'predicate',
    version: kafka,
    module: 'transforms/predicates/topic-name-matches',
  },
  {
    class: 'io.confluent.connect.avro.AvroConverter',
    kind: 'converter',
    version: confluent,
    module: 'runtime/converters/avro/avro-converter',
  },
  {
    class: 'io.confluent.connect.json.JsonSchemaConverter',
    kind: 'converter',
    version: confluent,
    module: 'runtime/converters/json-schema/json-schema-converter',
  },
  {
    class: 'io.confluent.connect.protobuf.ProtobufConverter',
    kind: 'converter',
    version: confluent,
    module: 'runtime/converters/protobuf/protobuf-converter',
  },
  {
    class: 'io.debezium.converters.BinaryDataConverter',
    kind: 'converter',
    version: debezium,
    module: 'runtime/converters/binary-data-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.BooleanConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/boolean-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/byte-array-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.DoubleConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/double-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.FloatConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/float-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.IntegerConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/integer-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.LongConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/long-converter',
  },
  {
    class: 'org.apache.kafka.connect.converters.ShortConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/short-converter',
  },
  {
    class: 'org.apache.kafka.connect.json.JsonConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/json-converter',
  },
  {
    class: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/simple-header-converter',
  },
  {
    class: 'org.apache.kafka.connect.storage.StringConverter',
    kind: 'converter',
    version: kafka,
    module: 'runtime/converters/string-converter',
  },
]

// What a converter can be used as: SimpleHeaderConverter converts headers only, those with a registry no headers.
const onlyHeaders = new Set(['org.apache.kafka.connect.storage.SimpleHeaderConverter'])
const neverHeaders = new Set([
  'io.confluent.connect.json.JsonSchemaConverter',
  'io.confluent.connect.avro.AvroConverter',
  'io.confluent.connect.protobuf.ProtobufConverter',
])

const usesOf = (converter: string): readonly string[] => {
  if (onlyHeaders.has(converter)) return ['header_converter']
  return neverHeaders.has(converter) ? ['converter'] : ['converter', 'header_converter']
}

export interface KnownPlugin {
  readonly location: PluginLocation
  readonly aliases: readonly string[]
  /** As `/connector-plugins` shows it. */
  readonly types: readonly string[]
}

/** The type names of REST for a plugin kind. */
export const typesOf = (kind: PluginKind, kinds?: readonly string[]): readonly string[] => {
  if (kind === 'converter') return kinds ?? ['converter']
  return [kind === 'config_provider' ? 'configprovider' : kind]
}

const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** Everything this package brings. */
export const builtinPlugins = (): KnownPlugin[] =>
  table.flatMap(({ class: name, kind, version, module, aliases = [], sides }) => {
    const url = new URL(`../../${module}${ending}`, import.meta.url).href
    const types = kind === 'converter' ? usesOf(name) : typesOf(kind)
    const classes = sides === true ? [`${name}$Key`, `${name}$Value`] : [name]
    return classes.map(one => ({ location: { class: one, kind, version, url, exportName: 'default' }, aliases, types }))
  })
