import { c } from 'millrace'
import { cannedAcls } from './object-options.ts'

const format = 'io.confluent.connect.s3.format'
const partitioner = 'io.confluent.connect.storage.partitioner'
export const formats = { json: `${format}.json.JsonFormat`, bytes: `${format}.bytearray.ByteArrayFormat` }
export const partitioners = {
  standard: `${partitioner}.DefaultPartitioner`,
  field: `${partitioner}.FieldPartitioner`,
  time: `${partitioner}.TimeBasedPartitioner`,
  daily: `${partitioner}.DailyPartitioner`,
  hourly: `${partitioner}.HourlyPartitioner`,
}
const oneOf = (known: Readonly<Record<string, string>>) => (value: string) =>
  Object.values(known).includes(value) ? undefined : `Supported here are ${Object.values(known).join(', ')}`
const notYet = 'Not supported here yet.'
const accepted = 'Accepted so that existing configurations run; has no effect here.'

/** Every setting of Confluent's S3 sink (kafka-connect-s3 10.5 and later), with its type and default. */
export const confluentConfig = {
  's3.bucket.name': c.string('Bucket that objects are written to; it must exist.', { importance: 'HIGH' }),
  's3.region': c.string('AWS region of the bucket.', { default: 'us-west-2' }),
  'store.url': c.string('Endpoint of an S3-compatible store, as http://host:port. Not set: Amazon S3.', {
    optional: true,
    importance: 'HIGH',
  }),
  's3.path.style.access.enabled': c.boolean('Put the bucket into the path rather than the host name.', {
    default: true,
    importance: 'LOW',
  }),
  's3.wan.mode': c.boolean("Use Amazon S3's transfer acceleration; needs host style access.", { default: false }),
  's3.part.size': c.int('Size of the parts of multipart uploads in bytes. Smaller objects go up in one request.', {
    default: 26214400,
    min: 5242880,
    importance: 'HIGH',
  }),
  's3.part.retries': c.int(
    'How often a failed request is repeated, with growing delays, before writing is held back for retry.backoff.ms.',
    { default: 3, min: 0 },
  ),
  's3.retry.backoff.ms': c.long('The first delay before a request is repeated; doubled each time.', {
    default: 200,
    min: 0,
    importance: 'LOW',
  }),
  'aws.access.key.id': c.string(
    'Access key. Empty: the default AWS chain (environment, profile, web identity, container, instance).',
    { default: '', importance: 'HIGH' },
  ),
  'aws.secret.access.key': c.password('Secret of the access key.', { default: '', importance: 'HIGH' }),
  's3.credentials.provider.class': c.class(
    'Only the default AWS chain. To assume a role, let a profile (AWS_PROFILE) or the environment name it.',
    { default: 'com.amazonaws.auth.DefaultAWSCredentialsProviderChain', importance: 'LOW' },
  ),
  's3.ssea.name': c.string('Server-side encryption: AES256 or aws:kms.', { default: '', importance: 'LOW' }),
  's3.sse.customer.key': c.password('Key for encryption with keys of your own (SSE-C), base64.', {
    default: '',
    importance: 'LOW',
  }),
  's3.sse.kms.key.id': c.string('KMS key for aws:kms; empty: the one of the account.', {
    default: '',
    importance: 'LOW',
  }),
  's3.acl.canned': c.string('Canned ACL of new objects.', { optional: true, values: cannedAcls, importance: 'LOW' }),
  's3.compression.type': c.string('Compression of objects.', {
    default: 'none',
    values: ['none', 'gzip'],
    ignoreCase: true,
    importance: 'LOW',
  }),
  's3.compression.level': c.int("gzip's level: 1 is fastest, 9 smallest, -1 the default (6).", {
    default: -1,
    min: -1,
    max: 9,
    importance: 'LOW',
  }),
  's3.proxy.url': c.string(`HTTP proxy. ${notYet}`, { default: '', importance: 'LOW' }),
  's3.proxy.user': c.string(`User at the proxy. ${notYet}`, { optional: true, importance: 'LOW' }),
  's3.proxy.password': c.password(`Password at the proxy. ${notYet}`, { optional: true, importance: 'LOW' }),
  's3.http.send.expect.continue': c.boolean(
    'Ask S3 before a body is sent, so that a refused request costs no traffic.',
    { default: true, importance: 'LOW' },
  ),
  's3.send.digest': c.boolean('Send the MD5 of each body.', { default: false, importance: 'LOW' }),
  's3.object.tagging': c.boolean('Tag objects with startOffset, endOffset and recordCount.', {
    default: false,
    importance: 'LOW',
  }),
  's3.object.tagging.key.value.pairs': c.list('More tags, each as key:value.', { default: [], importance: 'LOW' }),
  's3.object.behavior.on.tagging.error': c.string('What happens when an object cannot be tagged.', {
    default: 'ignore',
    values: ['ignore', 'fail'],
    ignoreCase: true,
    importance: 'LOW',
  }),
  'behavior.on.null.values': c.string(
    'Records with a null value: fail the task, or ignore them. (Writing them needs store.kafka.keys: not supported here yet.)',
    { default: 'fail', values: ['fail', 'ignore', 'write'], ignoreCase: true, importance: 'LOW' },
  ),
  'report.null.values.to.dlq': c.boolean(
    'With ignore: null values go to the dead letter queue, where the connector has one.',
    { default: true, importance: 'LOW' },
  ),
  'tombstone.encoded.partition': c.string(`Directory for written tombstones. ${notYet}`, {
    default: 'tombstone',
    importance: 'LOW',
  }),
  'store.kafka.keys': c.boolean(`Write keys to objects of their own. ${notYet}`, { default: false, importance: 'LOW' }),
  'keys.format.class': c.class(`Format of keys. ${notYet}`, {
    default: `${format}.avro.AvroFormat`,
    importance: 'LOW',
  }),
  'store.kafka.headers': c.boolean(`Write headers to objects of their own. ${notYet}`, {
    default: false,
    importance: 'LOW',
  }),
  'headers.format.class': c.class(`Format of headers. ${notYet}`, {
    default: `${format}.avro.AvroFormat`,
    importance: 'LOW',
  }),
  'json.decimal.format': c.string('Decimals with a schema as base64 of their bytes, or as JSON numbers.', {
    default: 'BASE64',
    values: ['BASE64', 'NUMERIC'],
    ignoreCase: true,
  }),
  'format.bytearray.extension': c.string('Ending of names with ByteArrayFormat.', {
    default: '.bin',
    importance: 'LOW',
  }),
  'format.bytearray.separator': c.string('What stands between values with ByteArrayFormat; white space counts.', {
    optional: true,
    importance: 'LOW',
  }),
  'storage.class': c.class(accepted, { default: 'io.confluent.connect.s3.storage.S3Storage', importance: 'HIGH' }),
  'format.class': c.class(`Format of objects: ${Object.values(formats).join(' or ')}.`, {
    importance: 'HIGH',
    check: oneOf(formats),
  }),
  'topics.dir': c.string('First directory of all names; empty: none.', { default: 'topics', importance: 'HIGH' }),
  'directory.delim': c.string('What separates directories.', { default: '/' }),
  'file.delim': c.string('What separates topic, partition and offset in a name.', { default: '+' }),
  'flush.size': c.int('Records of a topic partition after which its files are closed.', {
    min: 1,
    importance: 'HIGH',
  }),
  'rotate.interval.ms': c.long(
    'Span of record time after which files are closed, when the next record comes: an idle topic keeps its file open (see rotate.schedule.interval.ms). -1: off.',
    { default: -1, importance: 'HIGH' },
  ),
  'rotate.schedule.interval.ms': c.long(
    'Files are closed at multiples of this time on the clock of timezone, idle topics too. -1: off.',
    { default: -1 },
  ),
  'rotate.file.on.partition.change': c.boolean(
    'With rotate.interval.ms: close files when a record goes to another directory.',
    { default: true, importance: 'LOW' },
  ),
  'max.write.duration.ms': c.long(accepted, { default: Number.MAX_SAFE_INTEGER, importance: 'LOW' }),
  'partitioner.max.open.files': c.int('Open files of a topic partition; one more closes all. -1: no limit.', {
    default: -1,
    importance: 'LOW',
  }),
  'retry.backoff.ms': c.long('How long requests pause while S3 fails.', { default: 5000, min: 0, importance: 'LOW' }),
  'shutdown.timeout.ms': c.long('How long a stop or an offset commit waits for closed files to arrive.', {
    default: 3000,
    min: 0,
  }),
  'filename.offset.zero.pad.width': c.int('Digits of offsets in names, at least.', {
    default: 10,
    min: 0,
    importance: 'LOW',
  }),
  'schema.compatibility': c.string('Only NONE here: another schema closes the file.', {
    default: 'NONE',
    values: ['NONE', 'BACKWARD', 'FORWARD', 'FULL'],
    ignoreCase: true,
    importance: 'HIGH',
  }),
  'schema.cache.size': c.int(accepted, { default: 1000, importance: 'LOW' }),
  'enhanced.avro.schema.support': c.boolean(accepted, { default: true, importance: 'LOW' }),
  'connect.meta.data': c.boolean(accepted, { default: true, importance: 'LOW' }),
  'avro.codec': c.string(accepted, { default: 'null', importance: 'LOW' }),
  'parquet.codec': c.string(accepted, { default: 'snappy', importance: 'LOW' }),
  'allow.optional.map.keys': c.boolean(accepted, { default: false, importance: 'LOW' }),
  's3.schema.partition.affix.type': c.string(`Schema name in directories. ${notYet}`, {
    default: 'NONE',
    values: ['NONE', 'PREFIX', 'SUFFIX'],
    ignoreCase: true,
    importance: 'LOW',
  }),
  's3.elastic.buffer.enable': c.boolean(accepted, { default: false, importance: 'LOW' }),
  's3.elastic.buffer.init.capacity': c.int(accepted, { default: 131072, importance: 'LOW' }),
  'enable.conditional.writes': c.boolean(
    'Accepted; not needed here: names that exist beyond the committed offset are written again with the same records.',
    { default: true, importance: 'LOW' },
  ),
  'max.files.scan.limit': c.int(accepted, { default: 100, importance: 'LOW' }),
  'partitioner.class': c.class(`How records are spread over directories: ${Object.values(partitioners).join(', ')}.`, {
    default: partitioners.standard,
    importance: 'HIGH',
    check: oneOf(partitioners),
  }),
  'partition.field.name': c.list('Fields of the value that FieldPartitioner uses, dots for nested ones.', {
    default: [],
  }),
  'partition.duration.ms': c.long('TimeBasedPartitioner: span of a directory.', { default: -1 }),
  'path.format': c.string("TimeBasedPartitioner: directories, as 'year'=YYYY/'month'=MM/'day'=dd.", { default: '' }),
  locale: c.string('Time-based partitioners: language of names of months and days, as en-US.', { default: '' }),
  timezone: c.string('Zone of time-based partitioners and of rotate.schedule.interval.ms, as Europe/Berlin or UTC.', {
    default: '',
  }),
  'timestamp.extractor': c.string(
    'Time-based partitioners: Record (its timestamp), RecordField, or Wallclock (a repeated delivery may then leave rows twice).',
    { default: 'Wallclock' },
  ),
  'timestamp.field': c.string('Field that RecordField reads, dots for nested ones.', { default: 'timestamp' }),
  's3.buffer.memory': c.long(
    'Memory in bytes of a task for records on their way to S3. What waits for its part to fill goes to temporary files beyond it. Only here.',
    { default: 33554432, min: 16777216, importance: 'LOW' },
  ),
} as const
