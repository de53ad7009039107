import { defineSink } from 'millrace'
import { aivenConfig } from './aiven-config.ts'
import { aivenNames, aivenProblems, aivenStore, aivenTask } from './aiven-settings.ts'
import { previewObjects } from './preview.ts'
import { bucketProblems } from './reachable.ts'
import { S3SinkTask } from './sink-task.ts'
import { openStore } from './store.ts'

export default defineSink({
  class: 'io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector',
  aliases: ['AivenKafkaConnectS3SinkConnector', 'AivenKafkaConnectS3Sink'],
  version: '3.4.1',
  doc: "Writes records to objects in Amazon S3 or a compatible store, with the settings and name templates of Aiven's S3 sink: csv, json or JSON lines, gzip or zstd; objects end with each offset commit.",
  config: aivenConfig,
  keepsNothing: true,

  async validate(config, ctx) {
    const problems = aivenProblems(config)
    if (problems.length > 0) return problems
    return bucketProblems(aivenStore(config), '', aivenNames, ctx.signal)
  },

  preview: (config, ctx, batch) => previewObjects(aivenTask(config), aivenStore(config).bucket, ctx, batch),

  async open(config, ctx) {
    const settings = aivenTask(config)
    if (!settings.layout.repeatable) {
      ctx.log.warn(
        'Names depend on the wall clock: a repeated delivery after a crash may leave rows in two objects. With file.name.timestamp.source=event each row is there once',
      )
    }
    return new S3SinkTask(settings, await openStore(aivenStore(config)), ctx)
  },
})
