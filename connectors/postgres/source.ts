import { ConfigError, ConnectError, defineSource } from 'millrace'
import { isUnfinishedSnapshot, startPosition } from './replication/start-position.ts'
import { sampleRows } from './sample.ts'
import { config, readSettings } from './settings/settings.ts'
import { PostgresTask } from './task.ts'
import { serverProblems } from './validate.ts'

export default defineSource({
  class: 'io.debezium.connector.postgresql.PostgresConnector',
  aliases: ['PostgresConnector', 'Postgres'],
  // Of Debezium, whose records and offsets these are: tools look at it.
  version: '3.6.1.Final',
  doc: 'Captures the rows of PostgreSQL tables and every later change to them, by logical replication with pgoutput. Records, topics, schemas and offsets are those of Debezium.',
  config,
  otherKeys:
    /^(column\.(mask|truncate)|snapshot\.select\.statement\.overrides|signal\.consumer|internal)\.|^[^.]+\.(type$|reselect\.)/,

  async validate(given, ctx) {
    const { settings, problems } = readSettings(given, ctx.originals)
    return settings === undefined ? problems : serverProblems(settings, ctx.signal)
  },

  async *sample(given, ctx, count) {
    const { settings, problems } = readSettings(given, ctx.originals)
    if (settings === undefined) throw new ConfigError(problems.map(({ message }) => message).join('; '))
    yield* sampleRows(settings, ctx, count)
  },

  open(given, ctx) {
    const { settings, problems } = readSettings(given, ctx.originals)
    const [first] = problems
    if (settings === undefined)
      throw new ConfigError(
        problems.map(({ message }) => message).join('; '),
        first === undefined ? {} : { key: first.key },
      )
    return new PostgresTask(settings, ctx)
  },

  // Offsets name the last event, not only its transaction. Of a snapshot that is cut off the open stretch is read again, as Debezium reads all of it.
  exactlyOnce: () => true,

  alterOffsets(_, offsets) {
    for (const { partition, offset } of offsets) {
      if (typeof partition['server'] !== 'string')
        throw new ConnectError("Partition objects must contain the key 'server' with the topic.prefix of the connector")
      if (offset !== null && !isUnfinishedSnapshot(offset)) startPosition(offset)
    }
    // The slot keeps its own position.
    return false
  },
})
