import { defineSink } from 'millrace'
import { confluentConfig } from './confluent-config.ts'
import { confluentNames, confluentProblems, confluentStore, confluentTask } from './confluent-settings.ts'
import { previewObjects } from './preview.ts'
import { bucketProblems } from './reachable.ts'
import { S3SinkTask } from './sink-task.ts'
import { openStore } from './store.ts'

export default defineSink({
  class: 'io.confluent.connect.s3.S3SinkConnector',
  aliases: ['S3SinkConnector'],
  version: '10.6.0',
  doc: "Writes records to objects in Amazon S3 or a compatible store, with the settings and names of Confluent's S3 sink: JSON lines or raw bytes, gzip, exactly once with the default partitioner.",
  config: confluentConfig,
  keepsNothing: true,

  async validate(config, ctx) {
    const problems = confluentProblems(config)
    if (problems.length > 0) return problems
    return bucketProblems(confluentStore(config), config.topicsDir, confluentNames, ctx.signal)
  },

  preview: (config, ctx, batch) =>
    previewObjects(confluentTask(config, ctx.originals), confluentStore(config).bucket, ctx, batch),

  async open(config, ctx) {
    const settings = confluentTask(config, ctx.originals)
    if (!settings.layout.repeatable) {
      ctx.log.warn(
        'Directories depend on the wall clock: a repeated delivery after a crash may leave rows in two of them. With timestamp.extractor=Record each row is there once',
      )
    }
    return new S3SinkTask(settings, await openStore(confluentStore(config)), ctx)
  },
})
