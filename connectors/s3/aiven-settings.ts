import { ConfigError, type ConfigOf, type ConfigProblem, DataError } from 'millrace'
import type { aivenConfig } from './aiven-config.ts'
import { csv, jsonArray, jsonl } from './aiven-formats.ts'
import { type Codec, gzipCodec, noCodec, zstdCodec } from './codec.ts'
import type { Format } from './format.ts'
import type { Layout } from './layout.ts'
import { smallestPart } from './object-file.ts'
import { objectOptions, sseNames } from './object-options.ts'
import { explain, type SettingNames } from './problems.ts'
import { type Refusal, refuse, refused } from './refusals.ts'
import type { TaskSettings } from './sink-task.ts'
import type { StoreSettings } from './store.ts'
import { around, checkTemplate, parseTemplate, placeOf } from './template.ts'
import { TimeZone } from './time-zone.ts'
import { recordTime, wallclock } from './timestamps.ts'

export type AivenSettings = ConfigOf<typeof aivenConfig>

export const aivenNames: SettingNames = {
  bucket: 'aws.s3.bucket.name',
  region: 'aws.s3.region',
  endpoint: 'aws.s3.endpoint',
  accessKey: 'aws.access.key.id',
  secretKey: 'aws.secret.access.key',
}

const gzipDefault = -1
const zstdDefault = 3

const codecOf = (config: AivenSettings): Codec => {
  switch (config.fileCompressionType) {
    case 'none':
      return noCodec
    case 'gzip':
      return gzipCodec(gzipDefault)
    case 'zstd':
      return zstdCodec(zstdDefault)
    case 'snappy':
      throw new ConfigError('snappy is not supported here: use zstd (smaller and as fast), gzip or none', {
        key: 'file.compression.type',
      })
  }
}

const formatOf = (config: AivenSettings): Format => {
  const { formatOutputFields: fields, formatOutputEnvelope: envelope } = config
  if (!envelope && fields.length > 1) {
    throw new ConfigError('Without an envelope there can be one output field only', { key: 'format.output.envelope' })
  }
  switch (config.formatOutputType) {
    case 'jsonl':
      return jsonl(fields, envelope)
    case 'json':
      return jsonArray(fields, envelope)
    case 'csv':
      return csv(fields, config.formatOutputFieldsValueEncoding === 'base64')
    default:
      throw new ConfigError(`${config.formatOutputType} is not supported here yet: use jsonl, json or csv`, {
        key: 'format.output.type',
      })
  }
}

const layoutOf = (config: AivenSettings): Layout => {
  const { extension } = codecOf(config)
  const old = config.awsS3Prefix !== undefined
  const name = old
    ? `${config.awsS3Prefix}{{topic}}-{{partition}}-{{start_offset:padding=true}}${extension}`
    : `${config.filePrefixTemplate ?? ''}${config.fileNameTemplate ?? `{{topic}}-{{partition}}-{{start_offset}}${extension}`}`
  const key = old
    ? 'aws.s3.prefix'
    : config.fileNameTemplate === undefined
      ? 'file.prefix.template'
      : 'file.name.template'
  const parts = parseTemplate(name, key)
  checkTemplate(parts, key)
  let zone: TimeZone
  try {
    zone = new TimeZone(config.fileNameTimestampTimezone)
  } catch (cause) {
    throw new ConfigError(`There is no time zone ${config.fileNameTimestampTimezone}`, {
      key: 'file.name.timestamp.timezone',
      cause,
    })
  }
  const timed = parts.some(part => part.kind === 'time')
  const extractor = config.fileNameTimestampSource === 'event' ? recordTime : wallclock
  return {
    repeatable: !timed || extractor.repeatable,
    timestampOf: (record, now) => (timed ? extractor.extract(record, now) : undefined),
    placeOf(record, timestamp) {
      if (!timed) return ''
      if (timestamp !== undefined) return placeOf(parts, timestamp, zone)
      const { topic, partition, offset } = record.original
      throw new DataError(`${topic}-${partition}@${offset} has no timestamp for its name (file.name.timestamp.source)`)
    },
    slotOf: (topic, partition, place) => around(parts, topic, partition, place),
  }
}

const refusals = (config: AivenSettings): readonly Refusal[] => [
  [
    (config.awsAccessKeyId === undefined) !== (config.awsSecretAccessKey === undefined),
    config.awsAccessKeyId === undefined ? 'aws.access.key.id' : 'aws.secret.access.key',
    'An access key and its secret go together: set both or none',
  ],
  [
    config.awsStsRoleArn !== undefined,
    'aws.sts.role.arn',
    'Roles are not assumed here yet: name the role in a profile (role_arn in ~/.aws/config, AWS_PROFILE)',
  ],
  [
    !/Default(AWS)?Credentials/.test(config.awsCredentialsProvider),
    'aws.credentials.provider',
    'Only the default AWS chain is supported here',
  ],
  [!sseNames.includes(config.awsS3SseAlgorithm), 'aws.s3.sse.algorithm', 'Use AES256 or aws:kms'],
]

/** All settings that are wrong together; empty when a task can be opened. */
export const aivenProblems = (config: AivenSettings): readonly ConfigProblem[] =>
  refused(refusals(config), [() => codecOf(config), () => formatOf(config), () => layoutOf(config)])

export const aivenStore = (config: AivenSettings): StoreSettings => {
  const { awsAccessKeyId: access, awsSecretAccessKey: secret } = config
  return {
    bucket: config.awsS3BucketName,
    region: config.awsS3Region,
    endpoint: config.awsS3Endpoint,
    pathStyle: config.awsS3Endpoint !== undefined,
    accelerate: false,
    expectContinue: true,
    credentials:
      access === undefined || secret === undefined
        ? undefined
        : { accessKeyId: access.reveal(), secretAccessKey: () => secret.reveal() },
    objectOptions: objectOptions(config.awsS3SseAlgorithm, '', undefined),
    customerKey: undefined,
  }
}

export const aivenTask = (config: AivenSettings): TaskSettings => {
  refuse(aivenProblems(config))
  const store = aivenStore(config)
  return {
    layout: layoutOf(config),
    format: formatOf(config),
    codec: codecOf(config),
    rotation: {
      flushSize: config.fileMaxRecords === 0 ? Number.POSITIVE_INFINITY : config.fileMaxRecords,
      intervalMs: 0,
      onPlaceChange: false,
      onSchemaChange: false,
      maxOpenFiles: 0,
    },
    rotateOnFlush: true,
    nullValues: 'write',
    partBytes: Math.max(smallestPart, config.awsS3PartSizeBytes),
    bufferBytes: config.s3BufferMemory,
    sendMd5: false,
    requests: {
      retries: config.awsS3BackoffMaxRetries,
      backoffMs: config.awsS3BackoffDelayMs,
      maxBackoffMs: config.awsS3BackoffMaxDelayMs,
      pauseMs: config.kafkaRetryBackoffMs,
    },
    flushWaitMs: 10_000,
    explain: error => explain(error, store, aivenNames).message,
  }
}
