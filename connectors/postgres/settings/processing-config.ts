import { c } from 'millrace'
import { oneOf } from './choices.ts'

const group = 'Connector'

/** What is done with events beside handing them on, and limits. */
export const processingConfig = {
  'event.processing.failure.handling.mode': oneOf(
    'What to do about a change that cannot be read: fail, warn (leave it out and log its position), skip or ignore (leave it out).',
    ['warn', 'fail', 'ignore', 'skip'],
    'fail',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'guardrail.collections.max': c.int('Most tables to capture; 0: any number.', {
    default: 0,
    importance: 'MEDIUM',
    group,
    width: 'SHORT',
  }),
  'guardrail.collections.limit.action': oneOf(
    'What to do about more tables than that at the start: warn, or fail.',
    ['warn', 'fail'],
    'warn',
    { importance: 'MEDIUM', group, width: 'SHORT' },
  ),
  'xmin.fetch.interval.ms': c.long(
    'How often the xmin of the slot is read, for source.xmin of changes and the offsets; 0: never.',
    { default: 0, importance: 'MEDIUM', group: 'Postgres', width: 'SHORT' },
  ),
  'post.processors': c.string(
    'Names of post processors; each has NAME.type, io.debezium.processors.reselect.ReselectColumnsPostProcessor, and its settings NAME.reselect.*: it reads values again that are missing in a change.',
    { optional: true, importance: 'LOW', group: 'Events', width: 'MEDIUM' },
  ),
} as const
