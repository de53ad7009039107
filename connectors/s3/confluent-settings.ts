import type { ConfigProblem } from 'millrace'
import { gzipCodec, noCodec } from './codec.ts'
import { formats } from './confluent-config.ts'
import { jsonLines, rawBytes } from './confluent-formats.ts'
import { type ConfluentSettings, confluentLayout, scheduleZone } from './confluent-layout.ts'
import { objectOptions, sseNames } from './object-options.ts'
import { explain, type SettingNames } from './problems.ts'
import { type Refusal, refuse, refused } from './refusals.ts'
import type { TaskSettings } from './sink-task.ts'
import type { StoreSettings } from './store.ts'
import { nextBoundary } from './time-zone.ts'

export const confluentNames: SettingNames = {
  bucket: 's3.bucket.name',
  region: 's3.region',
  endpoint: 'store.url',
  accessKey: 'aws.access.key.id',
  secretKey: 'aws.secret.access.key',
}

const defaultChain = /(^|\.)DefaultAWSCredentialsProviderChain$|\.DefaultCredentialsProvider$/

/** What does not go together, or is not supported here: each with its setting. */
const refusals = (config: ConfluentSettings): readonly Refusal[] => [
  [
    config.s3WanMode && config.s3PathStyleAccessEnabled,
    's3.wan.mode',
    'Transfer acceleration needs s3.path.style.access.enabled=false',
  ],
  [
    (config.awsAccessKeyId === '') !== (config.awsSecretAccessKey.reveal() === ''),
    config.awsAccessKeyId === '' ? 'aws.access.key.id' : 'aws.secret.access.key',
    'An access key and its secret go together: set both or none',
  ],
  [
    !defaultChain.test(config.s3CredentialsProviderClass),
    's3.credentials.provider.class',
    'Only the default AWS chain is supported here: to assume a role, name it in a profile (role_arn in ~/.aws/config, AWS_PROFILE)',
  ],
  [!sseNames.includes(config.s3SseaName), 's3.ssea.name', 'Use AES256 or aws:kms'],
  [
    config.s3SseKmsKeyId !== '' && config.s3SseaName !== 'aws:kms',
    's3.sse.kms.key.id',
    'A KMS key needs s3.ssea.name=aws:kms',
  ],
  [config.s3ProxyUrl !== '', 's3.proxy.url', 'Proxies are not supported here yet'],
  [
    config.behaviorOnNullValues === 'write',
    'behavior.on.null.values',
    'Writing tombstones is not supported here yet: use ignore or fail',
  ],
  [config.storeKafkaKeys, 'store.kafka.keys', 'Objects with keys are not supported here yet'],
  [config.storeKafkaHeaders, 'store.kafka.headers', 'Objects with headers are not supported here yet'],
  [config.schemaCompatibility !== 'NONE', 'schema.compatibility', 'Only NONE is supported here'],
  [config.s3SchemaPartitionAffixType !== 'NONE', 's3.schema.partition.affix.type', 'Only NONE is supported here'],
  [
    config.s3ObjectTagging && config.s3ObjectTaggingKeyValuePairs.some(pair => !/^[^:]+:/.test(pair)),
    's3.object.tagging.key.value.pairs',
    'Each tag is written as key:value',
  ],
]

/** All settings that are wrong together; empty when a task can be opened. */
export const confluentProblems = (config: ConfluentSettings): readonly ConfigProblem[] =>
  refused(refusals(config), [() => confluentLayout(config, ''), () => scheduleZone(config)])

export const confluentStore = (config: ConfluentSettings): StoreSettings => ({
  bucket: config.s3BucketName,
  region: config.s3Region,
  endpoint: config.storeUrl === '' ? undefined : config.storeUrl,
  pathStyle: config.s3PathStyleAccessEnabled,
  accelerate: config.s3WanMode,
  expectContinue: config.s3HttpSendExpectContinue,
  credentials:
    config.awsAccessKeyId === ''
      ? undefined
      : { accessKeyId: config.awsAccessKeyId, secretAccessKey: () => config.awsSecretAccessKey.reveal() },
  objectOptions: objectOptions(config.s3SseaName, config.s3SseKmsKeyId, config.s3AclCanned),
  customerKey: config.s3SseCustomerKey.reveal() === '' ? undefined : () => config.s3SseCustomerKey.reveal(),
})

/** `originals`: white space in the separator is lost in parsed settings. */
export const confluentTask = (config: ConfluentSettings, originals: Readonly<Record<string, string>>): TaskSettings => {
  refuse(confluentProblems(config))
  const format =
    config.formatClass === formats.json
      ? jsonLines(config.jsonDecimalFormat)
      : rawBytes(config.formatBytearrayExtension, originals['format.bytearray.separator'] ?? '\n')
  const codec = config.s3CompressionType === 'gzip' ? gzipCodec(config.s3CompressionLevel) : noCodec
  const zone = scheduleZone(config)
  const hasDeadLetters =
    (originals['errors.deadletterqueue.topic.name'] ?? '') !== '' && originals['errors.tolerance'] === 'all'
  const store = confluentStore(config)
  return {
    layout: confluentLayout(config, `${format.extension}${codec.extension}`),
    format,
    codec,
    rotation: {
      flushSize: config.flushSize,
      intervalMs: config.rotateIntervalMs,
      onPlaceChange: config.rotateFileOnPartitionChange,
      onSchemaChange: true,
      maxOpenFiles: config.partitionerMaxOpenFiles,
      ...(zone !== undefined && { nextSchedule: now => nextBoundary(zone, config.rotateScheduleIntervalMs, now) }),
    },
    rotateOnFlush: false,
    nullValues:
      config.behaviorOnNullValues === 'fail'
        ? 'fail'
        : config.reportNullValuesToDlq && hasDeadLetters
          ? 'report'
          : 'ignore',
    partBytes: config.s3PartSize,
    bufferBytes: config.s3BufferMemory,
    sendMd5: config.s3SendDigest,
    requests: {
      retries: config.s3PartRetries,
      backoffMs: config.s3RetryBackoffMs,
      maxBackoffMs: 20_000,
      pauseMs: config.retryBackoffMs,
    },
    flushWaitMs: Math.min(config.shutdownTimeoutMs, 2 ** 31 - 1),
    ...(config.s3ObjectTagging && {
      tags: {
        more: config.s3ObjectTaggingKeyValuePairs.map(pair => {
          const cut = pair.indexOf(':')
          return [pair.slice(0, cut), pair.slice(cut + 1)] as const
        }),
        mustSucceed: config.s3ObjectBehaviorOnTaggingError === 'fail',
      },
    }),
    explain: error => explain(error, store, confluentNames).message,
  }
}
