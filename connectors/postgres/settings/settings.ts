import { type ConfigOf, type ConfigProblem, camelCase, type Secret } from 'millrace'
import type { BinaryMode } from '../types/binary-codecs.ts'
import type { TypeModes } from '../types/column-codec.ts'
import type { HstoreMode } from '../types/composite-codecs.ts'
import type { IntervalMode } from '../types/interval-codecs.ts'
import type { DecimalMode } from '../types/numeric-codecs.ts'
import type { TimeMode } from '../types/temporal-codecs.ts'
import { placeholderBytes } from '../types/unavailable-value.ts'
import type { ConnectOptions, SslMode } from '../wire/pg-connection.ts'
import { captureConfig } from './capture-config.ts'
import { choicesOf } from './choices.ts'
import { ColumnRules, columnRuleProblems } from './column-rules.ts'
import { connectionConfig } from './connection-config.ts'
import { eventConfig } from './event-config.ts'
import { Filters, keyColumnsPattern } from './filters.ts'
import { jvmConfig, jvmProblems } from './jvm-config.ts'
import type { Adjustment } from './names.ts'
import { inKnownWords } from './number-words.ts'
import { exactName, listItems, wholeName } from './patterns.ts'
import { processingConfig } from './processing-config.ts'
import { replicaIdentityParts, replicaIdentityPattern } from './replica-identities.ts'
import { type ReselectSettings, readReselects } from './reselect-settings.ts'
import { signalConfig } from './signal-config.ts'
import { type SignalSettings, signalProblems, signalSettings } from './signal-settings.ts'

export const config = inKnownWords({
  ...connectionConfig,
  ...captureConfig,
  ...eventConfig,
  ...signalConfig,
  ...processingConfig,
  ...jvmConfig,
})
export type Config = ConfigOf<typeof config>

/** `when_lost`: rows only when the position is lost; `nothing`: neither rows nor changes. Both by configuration_based alone. */
export type SnapshotMode = 'initial' | 'initial_only' | 'no_data' | 'always' | 'when_needed' | 'when_lost' | 'nothing'
export type FlushMode = 'connector' | 'manual' | 'connector_and_driver'
export type PublicationMode = 'all_tables' | 'filtered' | 'no_tables' | 'disabled'
export type MismatchStrategy = 'no_validation' | 'trust_offset' | 'trust_slot' | 'trust_greater_lsn'

/** The configuration, checked and in the terms of this connector. Plain settings are read from `config`. */
export interface Settings {
  readonly config: Config
  readonly prefix: string
  readonly connect: ConnectOptions
  readonly filters: Filters
  readonly columnRules: ColumnRules
  readonly signals: SignalSettings
  /** What reads missing values again, one after the other. */
  readonly reselects: readonly ReselectSettings[]
  readonly modes: TypeModes
  readonly placeholder: Buffer
  readonly snapshotMode: SnapshotMode
  readonly schemaNames: Adjustment
  readonly fieldNames: Adjustment
  readonly flushMode: FlushMode
  readonly publicationMode: PublicationMode
  readonly mismatch: MismatchStrategy
  readonly skipped: ReadonlySet<string>
  /** skipped.operations was given: the publication then leaves these out too. */
  readonly skippedGiven: boolean
  /** Queries by `schema.table`. */
  readonly selectOverrides: ReadonlyMap<string, string>
  /** Tables that `snapshot.select.statement.overrides` names and no statement is given for. */
  readonly missingOverrides: readonly string[]
  readonly initialStatements: string
  /** Options of START_REPLICATION by name. */
  readonly streamParams: ReadonlyMap<string, string>
}

const invalid = (key: string, what: string): ConfigProblem => ({
  key,
  message: `The '${key}' value is invalid: ${what}`,
})

const patternLists = ['column.propagate.source.type', 'datatype.propagate.source.type']

const textKeys = {
  'topic.prefix': 'topicPrefix',
  'database.hostname': 'databaseHostname',
  'database.user': 'databaseUser',
  'database.dbname': 'databaseDbname',
} as const

const memberOf = (key: string): keyof Config => camelCase(key) as keyof Config

const choiceProblems = (given: Config): ConfigProblem[] =>
  Object.entries(config).flatMap(([key, field]) => {
    const values = choicesOf.get(field)
    const value = String(given[memberOf(key)] ?? '').toLowerCase()
    if (values === undefined || values.includes(value)) return []
    return [invalid(key, `Value must be one of ${values.toSorted().join(', ')}`)]
  })

const exclusive = [
  ['table.include.list', 'table.exclude.list', 'table.include.list'],
  ['schema.include.list', 'schema.exclude.list', 'schema.include.list'],
  ['column.include.list', 'column.exclude.list', 'column.include.list'],
  ['message.prefix.include.list', 'message.prefix.exclude.list', 'logical_decoding_message.prefix.include.list'],
] as const

const listOf = (given: Config, key: string): readonly string[] =>
  listItems(given[memberOf(key)] as readonly string[] | undefined)

const listProblems = (given: Config): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  for (const [include, exclude, shown] of exclusive) {
    if (listOf(given, include).length > 0 && listOf(given, exclude).length > 0)
      problems.push(invalid(exclude, `"${shown}" is already specified`))
  }
  for (const key of [...exclusive.flatMap(([include, exclude]) => [include, exclude] as const), ...patternLists]) {
    for (const item of listOf(given, key)) {
      try {
        wholeName(item)
      } catch (error) {
        const expected = 'A comma-separated list of valid regular expressions is expected, but'
        problems.push(invalid(key, `${expected} ${(error as Error).message.replace(/^Invalid regex: /, '')}`))
      }
    }
  }
  return problems
}

const textProblems = (given: Config): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  for (const [key, member] of Object.entries(textKeys)) {
    if ((given[member] ?? '').trim() === '') problems.push(invalid(key, 'A value is required'))
  }
  const { topicPrefix = '', slotName, messageKeyColumns } = given
  if (topicPrefix !== '' && !/^[A-Za-z0-9._-]+$/.test(topicPrefix))
    problems.push(
      invalid(
        'topic.prefix',
        `${topicPrefix} has invalid format (only the underscore, hyphen, dot and alphanumeric characters are allowed)`,
      ),
    )
  if (!/^[a-z0-9_]{1,63}$/.test(slotName))
    problems.push(
      invalid(
        'slot.name',
        'Valid replication slot name must contain only digits, lowercase characters and underscores with length <= 63',
      ),
    )
  for (const part of (messageKeyColumns ?? '').split(';').filter(item => item.trim() !== '')) {
    if (!keyColumnsPattern.test(part))
      problems.push(
        invalid('message.key.columns', `${part} has an invalid format (expecting '${keyColumnsPattern.source}')`),
      )
  }
  for (const rule of replicaIdentityParts(given.replicaIdentityAutosetValues)) {
    if (!replicaIdentityPattern.test(rule))
      problems.push(
        invalid(
          'replica.identity.autoset.values',
          `${rule} has an invalid format (expecting '(?i)${replicaIdentityPattern.source}')`,
        ),
      )
  }
  const operations = given.skippedOperations
  if (operations.some(name => !['r', 'c', 'u', 'd', 't', 'none'].includes(name)))
    problems.push(invalid('skipped.operations', 'Invalid operation'))
  else if (operations.includes('none') && operations.some(name => name !== 'none'))
    problems.push(invalid('skipped.operations', "'none' cannot be specified with other skipped operation types"))
  return problems
}

const strategies = /(^|\.)(Schema|Default)(Regex)?TopicNamingStrategy$/

/** topic.naming.strategy is one of those that rewrite names. */
export const usesTopicRegex = ({ topicNamingStrategy }: Config): boolean =>
  topicNamingStrategy.endsWith('RegexTopicNamingStrategy')

const regexPairs = [
  ['topic.regex', 'topic.replacement', true],
  ['topic.key.field.regex', 'topic.key.field.replacement', false],
] as const

const basedOn = (given: Config) => ({
  data: given.snapshotModeConfigurationBasedSnapshotData,
  stream: given.snapshotModeConfigurationBasedStartStream,
  onDataError: given.snapshotModeConfigurationBasedSnapshotOnDataError,
})

/** The mode that does what configuration_based asks for. */
const snapshotModeOf = (given: Config): SnapshotMode => {
  const mode = given.snapshotMode.toLowerCase()
  if (mode !== 'configuration_based') return mode as SnapshotMode
  const { data, stream, onDataError } = basedOn(given)
  if (data) return stream ? 'always' : 'initial_only'
  if (!stream) return 'nothing'
  return onDataError ? 'when_lost' : 'no_data'
}

const refusals = (given: Config): ConfigProblem[] => {
  const problems = jvmProblems(given).map(([key, what]) => invalid(key, what))
  const refuse = (key: string, what: string) => problems.push(invalid(key, what))
  const plugin = given.pluginName.toLowerCase()
  if (plugin === 'decoderbufs')
    refuse('plugin.name', 'decoderbufs is not supported; use pgoutput, which every server has')
  else if (plugin !== 'pgoutput') refuse('plugin.name', 'Value must be one of decoderbufs, pgoutput')
  const mode = given.snapshotMode.toLowerCase()
  if (mode === 'custom' && (given.snapshotModeCustomName ?? '') === '')
    refuse(
      'snapshot.mode.custom.name',
      "snapshot.mode.custom.name cannot be empty when snapshot.mode 'custom' is defined",
    )
  else if (mode === 'custom')
    refuse('snapshot.mode', 'custom is not supported; use always, initial, initial_only, no_data or when_needed')
  const { snapshotQueryMode, snapshotQueryModeCustomName, snapshotLockingMode, snapshotLockingModeCustomName } = given
  for (const [key, value, name] of [
    ['snapshot.query.mode', snapshotQueryMode, snapshotQueryModeCustomName],
    ['snapshot.locking.mode', snapshotLockingMode, snapshotLockingModeCustomName],
  ] as const) {
    if (value.toLowerCase() !== 'custom') continue
    if ((name ?? '').trim() !== '') refuse(key, 'custom needs a class of the JVM')
    else refuse(`${key}.custom.name`, `${key}.custom.name cannot be empty when ${key} 'custom' is defined`)
  }
  if ((given.databaseSslfactory ?? '') !== '') refuse('database.sslfactory', 'a class of the JVM cannot be used here')
  if (!strategies.test(given.topicNamingStrategy))
    refuse('topic.naming.strategy', `${given.topicNamingStrategy} is not supported; use SchemaTopicNamingStrategy`)
  else if (usesTopicRegex(given)) {
    for (const [regex, replacement, isNeeded] of regexPairs) {
      const pattern = given[memberOf(regex)] as string | undefined
      if (pattern === undefined || pattern.trim() === '') {
        if (isNeeded) refuse(regex, 'A value is required')
        continue
      }
      if (String(given[memberOf(replacement)] ?? '').trim() === '')
        refuse(replacement, `${replacement} must be non-empty if ${regex} is set.`)
      try {
        exactName(pattern)
      } catch (error) {
        refuse(regex, (error as Error).message)
      }
    }
  }
  return problems
}

const flushModes: readonly string[] = ['connector', 'connector_and_driver', 'manual']

/** Checks everything that can be checked without the server. Settings only when there is no problem. */
export const readSettings = (
  given: Config,
  originals: Readonly<Record<string, string>>,
): { readonly settings: Settings | undefined; readonly problems: readonly ConfigProblem[] } => {
  const reselected = readReselects(given.postProcessors, originals)
  const problems = [
    ...textProblems(given),
    ...choiceProblems(given),
    ...listProblems(given),
    ...refusals(given),
    ...signalProblems(given),
    ...reselected.problems,
    ...columnRuleProblems(originals).map(([key, what]) => invalid(key, what)),
  ]
  const flushMode = (given.lsnFlushMode ?? (given.flushLsnSource ? 'connector' : 'manual')).toLowerCase()
  if (!flushModes.includes(flushMode))
    problems.push(invalid('lsn.flush.mode', `Value must be one of ${flushModes.join(', ')}`))
  if (given.maxQueueSize <= 0) problems.push(invalid('max.queue.size', 'A positive queue size is required'))
  if (given.maxQueueSize <= given.maxBatchSize)
    problems.push(invalid('max.queue.size', 'Must be larger than the maximum batch size'))
  const overrides = new Map<string, string>()
  const missingOverrides: string[] = []
  for (const table of (given.snapshotSelectStatementOverrides ?? '').split(',').map(name => name.trim())) {
    if (table === '') continue
    const key = `snapshot.select.statement.overrides.${table}`
    const query = originals[key]
    if (query === undefined) missingOverrides.push(table)
    else overrides.set(table, query.trim().replace(/;$/, ''))
  }
  if (problems.length > 0) return { settings: undefined, problems }
  const lower = (text: string) => text.toLowerCase()
  const signals = signalSettings(given, given.topicPrefix!, originals)
  return {
    problems,
    settings: {
      config: given,
      prefix: given.topicPrefix!,
      connect: { ...connectOptions(given), connector: originals['name'] },
      filters: new Filters(given, signals.table),
      signals,
      columnRules: new ColumnRules(originals, given),
      reselects: reselected.reselects,
      modes: {
        decimal: lower(given.decimalHandlingMode) as DecimalMode,
        time: lower(given.timePrecisionMode) as TimeMode,
        binary: lower(given.binaryHandlingMode) as BinaryMode,
        hstore: lower(given.hstoreHandlingMode) as HstoreMode,
        interval: lower(given.intervalHandlingMode) as IntervalMode,
        moneyDigits: given.moneyFractionDigits,
        unknownTypes: given.includeUnknownDatatypes,
      },
      placeholder: placeholderBytes(given.unavailableValuePlaceholder),
      snapshotMode: snapshotModeOf(given),
      schemaNames: lower(given.schemaNameAdjustmentMode) as Adjustment,
      fieldNames: lower(given.fieldNameAdjustmentMode) as Adjustment,
      flushMode: flushMode as FlushMode,
      publicationMode: lower(given.publicationAutocreateMode) as PublicationMode,
      mismatch: lower(given.offsetMismatchStrategy) as MismatchStrategy,
      skipped: new Set(given.skippedOperations.filter(name => name !== 'none')),
      skippedGiven: originals['skipped.operations'] !== undefined,
      selectOverrides: overrides,
      missingOverrides,
      initialStatements: (given.databaseInitialStatements ?? '')
        .split(/(?<!;);(?!;)/)
        .join(';\n')
        .replaceAll(';;', ';'),
      streamParams: new Map(
        (given.slotStreamParams ?? '')
          .split(';')
          .filter(part => part.includes('='))
          .map(part => [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1).trim()]),
      ),
    },
  }
}

const connectOptions = (given: Config): ConnectOptions => ({
  host: given.databaseHostname!,
  port: given.databasePort,
  keepAlive: given.databaseTcpKeepAlive,
  connectTimeoutMs: given.databaseConnectTimeout * 1000,
  user: given.databaseUser!,
  password: given.databasePassword as Secret | undefined,
  database: given.databaseDbname!,
  sslMode: given.databaseSslmode.toLowerCase() as SslMode,
  sslCert: given.databaseSslcert,
  sslKey: given.databaseSslkey,
  sslPassword: given.databaseSslpassword as Secret | undefined,
  sslRootCert: given.databaseSslrootcert,
  queryTimeoutMs: given.databaseQueryTimeoutMs,
})
