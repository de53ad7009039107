import { c } from 'millrace'
import { oneOf } from './choices.ts'

const group = 'Connector'
const events = 'Events'

/** Signals to the running connector, the snapshots they start, and notifications of how those go. */
export const signalConfig = {
  'signal.data.collection': c.list(
    'Table whose inserted rows are signals, as `schema.table`; its columns are id, type and data. It is captured without being listed, and its rows are left out of snapshots.',
    { optional: true, importance: 'MEDIUM', group: events, width: 'MEDIUM' },
  ),
  'signal.enabled.channels': c.list(
    'Where signals come from: source (the table), kafka (signal.kafka.topic), file (signal.file). Others are not known here and do nothing.',
    { default: ['source'], importance: 'MEDIUM', group: events, width: 'LONG' },
  ),
  'signal.poll.interval.ms': c.long('How often signal.file is looked at.', {
    default: 5000,
    min: 1,
    importance: 'MEDIUM',
    group: events,
    width: 'SHORT',
  }),
  'signal.file': c.string(
    'File of signals, one JSON object with id, type and data a line. It is emptied when it was read.',
    { default: 'file-signals.txt', importance: 'HIGH', group: events, width: 'LONG' },
  ),
  'signal.kafka.topic': c.string(
    'Topic of signals, by default `<topic.prefix>-signal`: messages whose key is topic.prefix and whose value is a JSON object with id, type and data.',
    { optional: true, importance: 'HIGH', group: events, width: 'LONG' },
  ),
  'signal.kafka.bootstrap.servers': c.string(
    'Where that topic is; needed for the channel kafka. Other settings of the client are given as `signal.consumer.<setting>`.',
    { optional: true, importance: 'HIGH', group: events, width: 'LONG' },
  ),
  'signal.kafka.groupId': c.string('Consumer group that remembers which signals were handled.', {
    default: 'kafka-signal',
    importance: 'HIGH',
    group: events,
    width: 'LONG',
  }),
  'signal.kafka.poll.timeout.ms': c.int('Has no effect: a signal is taken as soon as it arrives.', {
    default: 0,
    min: 0,
    importance: 'MEDIUM',
    group: events,
    width: 'SHORT',
  }),
  'signal.emit.failure.max.retries': c.int('How often the writing of a watermark is tried again.', {
    default: 0,
    min: 0,
    importance: 'LOW',
    group: events,
    width: 'SHORT',
  }),
  'signal.emit.failure.backoff.ms': c.long('Time between these tries.', {
    default: 10_000,
    min: 0,
    importance: 'LOW',
    group: events,
    width: 'SHORT',
  }),
  'read.only': c.boolean(
    'Nothing is written to the signal table: incremental snapshots compare positions in place of watermarks. Works on a standby.',
    { default: false, importance: 'LOW', group, width: 'SHORT' },
  ),
  'incremental.snapshot.chunk.size': c.int('Rows that an incremental snapshot reads at once and keeps in memory.', {
    default: 1024,
    min: 1,
    importance: 'MEDIUM',
    group,
    width: 'MEDIUM',
  }),
  'incremental.snapshot.watermarking.strategy': oneOf(
    'How a chunk ends in the signal table: INSERT_INSERT adds a second row, INSERT_DELETE deletes the first.',
    ['insert_insert', 'insert_delete'],
    'INSERT_INSERT',
    { importance: 'LOW', group, width: 'MEDIUM' },
  ),
  'incremental.snapshot.allow.schema.changes': c.boolean(
    'Has no effect: a chunk whose table changed while it was read is read again in any case.',
    { default: false, importance: 'LOW', group, width: 'SHORT' },
  ),
  'notification.enabled.channels': c.list(
    'Where it is told how snapshots go: sink (notification.sink.topic.name), log. Others are not known here and do nothing.',
    { optional: true, importance: 'MEDIUM', group: events, width: 'LONG' },
  ),
  'notification.sink.topic.name': c.string('Topic of notifications; needed for the channel sink.', {
    optional: true,
    importance: 'HIGH',
    group: events,
    width: 'LONG',
  }),
} as const
