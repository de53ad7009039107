import { ConfigError, type ConfigOf } from 'millrace'
import type { confluentConfig } from './confluent-config.ts'
import { partitioners } from './confluent-config.ts'
import type { Layout } from './layout.ts'
import {
  dailyPath,
  defaultPartitioner,
  fieldPartitioner,
  hourlyPath,
  hourMs,
  type Partitioner,
  timePartitioner,
} from './partitioners.ts'
import { TimeZone } from './time-zone.ts'
import { recordField, recordTime, type TimestampExtractor, wallclock } from './timestamps.ts'

export type ConfluentSettings = ConfigOf<typeof confluentConfig>

const extractorClass = /^io\.confluent\.connect\.storage\.partitioner\.TimeBasedPartitioner\$(\w+?)TimestampExtractor$/

const zoneOf = (config: ConfluentSettings): TimeZone => {
  if (config.timezone === '') throw new ConfigError('A time zone is needed, such as UTC', { key: 'timezone' })
  try {
    return new TimeZone(config.timezone)
  } catch (cause) {
    throw new ConfigError(`There is no time zone ${config.timezone}`, { key: 'timezone', cause })
  }
}

const extractorOf = (config: ConfluentSettings, zone: TimeZone): TimestampExtractor => {
  const name = (extractorClass.exec(config.timestampExtractor)?.[1] ?? config.timestampExtractor).toLowerCase()
  if (name === 'wallclock') return wallclock
  if (name === 'record') return recordTime
  if (name === 'recordfield') return recordField(config.timestampField, local => local - zone.offsetAt(local))
  throw new ConfigError('Supported here are Wallclock, Record and RecordField', { key: 'timestamp.extractor' })
}

const timeBased = (config: ConfluentSettings): { partitioner: Partitioner; extractor: TimestampExtractor } => {
  const { partitionerClass, directoryDelim } = config
  const zone = zoneOf(config)
  if (config.locale === '') throw new ConfigError('A locale is needed, such as en-US', { key: 'locale' })
  const fixed =
    partitionerClass === partitioners.daily
      ? { durationMs: 24 * hourMs, pathFormat: dailyPath(directoryDelim) }
      : partitionerClass === partitioners.hourly
        ? { durationMs: hourMs, pathFormat: hourlyPath(directoryDelim) }
        : { durationMs: config.partitionDurationMs, pathFormat: config.pathFormat }
  if (fixed.durationMs <= 0) {
    throw new ConfigError('TimeBasedPartitioner needs a span above 0', { key: 'partition.duration.ms' })
  }
  if (fixed.pathFormat === '') throw new ConfigError('TimeBasedPartitioner needs a pattern', { key: 'path.format' })
  try {
    const partitioner = timePartitioner({ ...fixed, locale: config.locale, zone })
    return { partitioner, extractor: extractorOf(config, zone) }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const key = cause instanceof RangeError ? 'locale' : 'path.format'
    throw new ConfigError((cause as Error).message, { key, cause })
  }
}

const partitionerOf = (config: ConfluentSettings): { partitioner: Partitioner; extractor: TimestampExtractor } => {
  if (config.partitionerClass === partitioners.standard) {
    return { partitioner: defaultPartitioner(), extractor: recordTime }
  }
  if (config.partitionerClass !== partitioners.field) return timeBased(config)
  if (config.partitionFieldName.length === 0) {
    throw new ConfigError('FieldPartitioner needs a field', { key: 'partition.field.name' })
  }
  return { partitioner: fieldPartitioner(config.partitionFieldName, config.directoryDelim), extractor: recordTime }
}

/**
 * Names as `topics/<topic>/<encoded partition>/<topic>+<partition>+<first offset>.json.gz`. Throws ConfigError where settings
 * do not go together.
 */
export const confluentLayout = (config: ConfluentSettings, extension: string): Layout => {
  const { topicsDir, directoryDelim: slash, fileDelim: plus, filenameOffsetZeroPadWidth: width } = config
  const { partitioner, extractor } = partitionerOf(config)
  return {
    repeatable: extractor.repeatable,
    timestampOf: (record, now) => extractor.extract(record, now),
    placeOf: (record, timestamp) => partitioner.placeOf(record, timestamp),
    slotOf: (topic, partition, place) => ({
      before: [...(topicsDir === '' ? [] : [topicsDir]), topic, place, `${topic}${plus}${partition}${plus}`].join(
        slash,
      ),
      after: extension,
      width,
    }),
  }
}

/** The wall-clock moments of `rotate.schedule.interval.ms`. Throws ConfigError without a time zone. */
export const scheduleZone = (config: ConfluentSettings): TimeZone | undefined =>
  config.rotateScheduleIntervalMs > 0 ? zoneOf(config) : undefined
