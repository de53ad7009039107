import type { ConfigOf, ConfigProblem } from 'millrace'
import { listItems } from './patterns.ts'
import type { signalConfig } from './signal-config.ts'

export interface TablePlace {
  readonly schema: string
  readonly name: string
}

/** A topic of signals, and the client that reads it. */
export interface SignalTopic {
  readonly topic: string
  readonly groupId: string
  readonly settings: Readonly<Record<string, string>>
}

/** Settings of signals, incremental snapshots and notifications in the terms of this connector. */
export interface SignalSettings {
  /** Rows inserted here are signals; undefined: no such table. */
  readonly table: TablePlace | undefined
  readonly fromTable: boolean
  /** undefined: no file is looked at. */
  readonly file: string | undefined
  readonly pollMs: number
  /** undefined: no topic is followed. */
  readonly kafka: SignalTopic | undefined
  /** How chunks are fenced: by rows in the signal table, or by positions in the log. */
  readonly watermarks: 'insert_insert' | 'insert_delete' | 'none'
  /** `read.only` */
  readonly readOnly: boolean
  readonly chunkSize: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly notifyLog: boolean
  /** Topic of notifications; undefined: none. */
  readonly notifyTopic: string | undefined
  /** Names of channels that nobody serves. */
  readonly unknownChannels: readonly string[]
}

/** `schema.table`, or `database.schema.table` as older configurations have it; parts may be in double quotes. */
export const parseTable = (text: string): TablePlace | undefined => {
  const parts = [...text.trim().matchAll(/"((?:[^"]|"")+)"|([^.\s"]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
  const [schema, name] = parts.slice(-2)
  return parts.length < 2 || parts.length > 3 || schema === undefined || name === undefined
    ? undefined
    : { schema, name }
}

type Given = ConfigOf<typeof signalConfig>

const invalid = (key: string, what: string): ConfigProblem => ({
  key,
  message: `The '${key}' value is invalid: ${what}`,
})

const channels = (list: readonly string[] | undefined): readonly string[] =>
  listItems(list).map(name => name.toLowerCase())

export const signalProblems = (given: Given): readonly ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  const tables = listItems(given.signalDataCollection)
  const key = 'signal.data.collection'
  if (tables.length > 1) problems.push(invalid(key, 'Only one table can be given: the connector reads one database'))
  for (const table of tables)
    if (parseTable(table) === undefined) problems.push(invalid(key, `${table} is not of the form schema.table`))
  if (channels(given.signalEnabledChannels).includes('kafka') && (given.signalKafkaBootstrapServers ?? '') === '')
    problems.push(invalid('signal.kafka.bootstrap.servers', 'A value is required'))
  if (channels(given.notificationEnabledChannels).includes('sink') && (given.notificationSinkTopicName ?? '') === '')
    problems.push(
      invalid(
        'notification.sink.topic.name',
        'Notification topic name must be provided when kafka notification channel is enabled',
      ),
    )
  return problems
}

const consumerPrefix = 'signal.consumer.'

const signalTopic = (given: Given, prefix: string, originals: Readonly<Record<string, string>>): SignalTopic => {
  const own = Object.entries(originals).filter(([key]) => key.startsWith(consumerPrefix))
  return {
    topic: given.signalKafkaTopic ?? `${prefix}-signal`,
    groupId: given.signalKafkaGroupId,
    settings: {
      'bootstrap.servers': given.signalKafkaBootstrapServers!,
      ...Object.fromEntries(own.map(([key, value]) => [key.slice(consumerPrefix.length), value])),
    },
  }
}

/** For a configuration in which `signalProblems` found none; `prefix`: topic.prefix. */
export const signalSettings = (
  given: Given,
  prefix: string,
  originals: Readonly<Record<string, string>>,
): SignalSettings => {
  const enabled = channels(given.signalEnabledChannels)
  const notified = channels(given.notificationEnabledChannels)
  const [first] = listItems(given.signalDataCollection)
  const table = first === undefined ? undefined : parseTable(first)
  const strategy = given.incrementalSnapshotWatermarkingStrategy.toLowerCase()
  return {
    table,
    fromTable: table !== undefined && enabled.includes('source'),
    file: enabled.includes('file') ? given.signalFile : undefined,
    pollMs: given.signalPollIntervalMs,
    kafka: enabled.includes('kafka') ? signalTopic(given, prefix, originals) : undefined,
    readOnly: given.readOnly,
    watermarks:
      table === undefined || given.readOnly ? 'none' : strategy === 'insert_delete' ? 'insert_delete' : 'insert_insert',
    chunkSize: given.incrementalSnapshotChunkSize,
    retries: given.signalEmitFailureMaxRetries,
    retryDelayMs: given.signalEmitFailureBackoffMs,
    notifyLog: notified.includes('log'),
    notifyTopic: notified.includes('sink') ? given.notificationSinkTopicName : undefined,
    unknownChannels: [
      ...enabled.filter(name => !['source', 'file', 'kafka'].includes(name)),
      ...notified.filter(name => !['sink', 'log'].includes(name)),
    ],
  }
}
