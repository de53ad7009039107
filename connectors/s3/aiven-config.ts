import { c } from 'millrace'

const accepted = 'Accepted so that existing configurations run; has no effect here.'
const noRole =
  'Not supported here yet: to assume a role, name it in a profile (role_arn in ~/.aws/config, AWS_PROFILE).'

/** Every setting of Aiven's S3 sink (3.x), with its type and default; the old spellings as aliases. */
export const aivenConfig = {
  'aws.access.key.id': c.password(
    'Access key. Not set: the default AWS chain (environment, profile, web identity, container, instance).',
    { optional: true, aliases: ['aws_access_key_id'] },
  ),
  'aws.secret.access.key': c.password('Secret of the access key.', {
    optional: true,
    aliases: ['aws_secret_access_key'],
  }),
  'aws.credentials.provider': c.class('Only the default AWS chain.', {
    default: 'com.amazonaws.auth.DefaultAWSCredentialsProviderChain',
  }),
  'aws.s3.bucket.name': c.string('Bucket that objects are written to; it must exist.', {
    nonEmpty: true,
    aliases: ['aws.s3.bucket', 'aws_s3_bucket'],
  }),
  'aws.s3.region': c.string('AWS region of the bucket.', { default: 'us-east-1', aliases: ['aws_s3_region'] }),
  'aws.s3.endpoint': c.string('Endpoint of an S3-compatible store, as http://host:port. Not set: Amazon S3.', {
    optional: true,
    aliases: ['aws_s3_endpoint'],
  }),
  'aws.s3.prefix': c.string(
    'Beginning of all names (old form): names are then <prefix><topic>-<partition>-<offset with 20 digits>. Variables are rendered.',
    { optional: true, aliases: ['aws_s3_prefix'] },
  ),
  'aws.s3.part.size.bytes': c.int(
    'Size of the parts of multipart uploads in bytes; below 5 MiB, which S3 demands, 5 MiB are used.',
    { default: 5242880, min: 1, max: 2000000000 },
  ),
  'aws.s3.sse.algorithm': c.string('Server-side encryption: AES256 or aws:kms.', { default: '' }),
  'aws.s3.backoff.delay.ms': c.long('The first delay before a failed request is repeated; doubled each time.', {
    default: 100,
    min: 1,
  }),
  'aws.s3.backoff.max.delay.ms': c.long('The longest of these delays.', { default: 20000, min: 1 }),
  'aws.s3.backoff.max.retries': c.int('How often a request is repeated before writing is held back.', {
    default: 3,
    min: 1,
    max: 30,
  }),
  'aws.sts.role.arn': c.string(`Role to assume. ${noRole}`, { optional: true }),
  'aws.sts.role.external.id': c.string(noRole, { optional: true }),
  'aws.sts.role.session.name': c.string(noRole, { optional: true }),
  'aws.sts.role.session.duration': c.int(noRole, { default: 3600, min: 900, max: 43200 }),
  'aws.sts.config.endpoint': c.string(noRole, { default: 'https://sts.amazonaws.com' }),
  'file.name.template': c.string(
    'Name of objects: text and the variables {{topic}}, {{partition}}, {{start_offset}} (both :padding=true) and {{timestamp:unit=yyyy|MM|dd|HH}}. Not set: {{topic}}-{{partition}}-{{start_offset}} and the ending of the compression.',
    { optional: true },
  ),
  'file.prefix.template': c.string('Beginning of all names, with the same variables.', { optional: true }),
  'file.compression.type': c.string('Compression of objects: none, gzip or zstd.', {
    default: 'gzip',
    values: ['none', 'gzip', 'snappy', 'zstd'],
    ignoreCase: true,
    aliases: ['output_compression'],
  }),
  'file.max.records': c.int('Most records in an object; 0: no limit, objects end with each offset commit.', {
    default: 0,
    min: 0,
  }),
  'file.name.timestamp.timezone': c.string('Zone of {{timestamp}}.', {
    default: 'UTC',
    aliases: ['timestamp.timezone'],
  }),
  'file.name.timestamp.source': c.string(
    'Time of {{timestamp}}: wallclock (a repeated delivery may then leave rows twice), or event, the record timestamp.',
    { default: 'wallclock', values: ['wallclock', 'event'], ignoreCase: true, aliases: ['timestamp.source'] },
  ),
  'format.output.type': c.string('Format of objects: csv, json or jsonl.', {
    default: 'csv',
    values: ['avro', 'csv', 'json', 'jsonl', 'parquet'],
    ignoreCase: true,
  }),
  'format.output.fields': c.list('Parts of a record that are written, in this order.', {
    default: ['value'],
    values: ['key', 'value', 'offset', 'timestamp', 'headers'],
    nonEmpty: true,
    aliases: ['output_fields'],
  }),
  'format.output.fields.value.encoding': c.string('csv: the value in base64, or as it is.', {
    default: 'base64',
    values: ['base64', 'none'],
    ignoreCase: true,
  }),
  'format.output.envelope': c.boolean('json and jsonl: an object with the fields; false: the only field itself.', {
    default: true,
  }),
  'avro.codec': c.string(accepted, { optional: true }),
  'kafka.retry.backoff.ms': c.long('How long requests pause while S3 fails.', { default: 5000, min: 0 }),
  's3.buffer.memory': c.long(
    'Memory in bytes of a task for records on their way to S3. What waits for its part to fill goes to temporary files beyond it. Only here.',
    { default: 33554432, min: 16777216, importance: 'LOW' },
  ),
} as const
