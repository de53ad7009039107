// What a plugin imports: published as `millrace`.

export { ByteWriter } from './byte-writer.ts'
export {
  type ConfigField,
  type ConfigOf,
  type ConfigOptions,
  type ConfigSpec,
  type ConfigType,
  c,
  camelCase,
  type Importance,
  type Width,
} from './config.ts'
export type {
  LoadedScript,
  Log,
  PluginContext,
  ScriptAccess,
  SinkContext,
  SourceContext,
  TaskContext,
  TopicFollower,
  TopicFollowing,
  TopicMessage,
  TransformContext,
} from './context.ts'
export { convertValue, inferSchema } from './convert-value.ts'
export { Decimal } from './decimal.ts'
export {
  type ConfigProblem,
  type ConfigProviderDefinition,
  type Converter,
  type ConverterDefinition,
  type ConverterUse,
  defineConfigProvider,
  defineConverter,
  definePredicate,
  defineSink,
  defineSource,
  defineTransform,
  type Flushed,
  type HeaderConverter,
  type Plugin,
  type PluginKind,
  type PredicateDefinition,
  type PreviewedWrite,
  pluginKind,
  type SchemaAndValue,
  type Side,
  type SinkDefinition,
  type SinkTask,
  type SourceDefinition,
  type SourceTask,
  type Transform,
  type TransformDefinition,
  type TransformExample,
  type Work,
} from './define.ts'
export {
  ConfigError,
  ConnectError,
  DataError,
  isConfigError,
  isDataError,
  isRetriable,
  RetriableError,
} from './errors.ts'
export { hashOrder } from './hash-order.ts'
export { javaDateFormat } from './java-date-format.ts'
export { javaDateParser } from './java-date-parse.ts'
export { javaRegex, javaReplacement, matchesWhole, regexProblem, wholeRegex } from './java-regex.ts'
export { asciiDigits, javaClass, javaText, javaTrim } from './java-text.ts'
export { base64Text, decimalText, doubleText, floatText, quoteJson } from './json-text.ts'
export { isLazy, LazyValue, resolveLazy } from './lazy.ts'
export {
  DATE,
  DECIMAL,
  dateSchema,
  decimalSchema,
  instantAt,
  TIME,
  TIMESTAMP,
  timeSchema,
  timestampSchema,
} from './logical.ts'
export { madeFunction } from './made-function.ts'
export {
  type CopiedMember,
  type ObjectCopier,
  type ObjectMaker,
  objectCopier,
  objectMaker,
  setMember,
} from './object-maker.ts'
export { parseText } from './parse-text.ts'
export { pause, poll } from './poll.ts'
export {
  type ConnectRecord,
  type Header,
  type OffsetMap,
  SinkRecord,
  type SinkRecordInit,
  type SourceRecord,
  type TopicPartition,
  type TopicPartitionOffset,
} from './record.ts'
export { type Field, type FieldsInput, Schema, type SchemaOptions, type SchemaType, s } from './schema.ts'
export { projectValue } from './schema-projector.ts'
export { Secret } from './secret.ts'
