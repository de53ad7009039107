import { c } from '../api/config.ts'
import { parseOrThrow } from '../config/parse.ts'
import type { ToleranceSettings } from '../pipeline/tolerance.ts'

const spec = {
  'errors.retry.timeout': c.long('How long a failed operation is tried again, ms.', { default: 0 }),
  'errors.retry.delay.max.ms': c.long('The longest pause between two attempts, ms.', { default: 60_000 }),
  'errors.tolerance': c.string('Whether records that fail are left out.', {
    default: 'none',
    values: ['none', 'all'],
    ignoreCase: true,
  }),
  'errors.log.enable': c.boolean('Whether each error is logged.', { default: false }),
  'errors.log.include.messages': c.boolean('Whether the record is named in the log.', { default: false }),
  'errors.deadletterqueue.topic.name': c.string('Topic of the dead letter queue; blank: none.', { default: '' }),
  'errors.deadletterqueue.topic.replication.factor': c.short('Replication factor when it is created.', { default: 3 }),
  'errors.deadletterqueue.context.headers.enable': c.boolean('Whether headers say why a record is there.', {
    default: false,
  }),
}

export interface ErrorSettings extends ToleranceSettings {
  /** undefined: there is no dead letter queue. */
  readonly deadLetters:
    | { readonly topic: string; readonly replicationFactor: number; readonly contextHeaders: boolean }
    | undefined
}

/** A connector's `errors.*` settings. Throws ConfigError. */
export const errorSettings = (props: Readonly<Record<string, string>>): ErrorSettings => {
  const config = parseOrThrow(spec, props) as {
    readonly errorsRetryTimeout: number
    readonly errorsRetryDelayMaxMs: number
    readonly errorsTolerance: string
    readonly errorsLogEnable: boolean
    readonly errorsLogIncludeMessages: boolean
    readonly errorsDeadletterqueueTopicName: string
    readonly errorsDeadletterqueueTopicReplicationFactor: number
    readonly errorsDeadletterqueueContextHeadersEnable: boolean
  }
  const topic = config.errorsDeadletterqueueTopicName.trim()
  return {
    tolerateAll: config.errorsTolerance === 'all',
    retryTimeoutMs: config.errorsRetryTimeout,
    retryDelayMaxMs: config.errorsRetryDelayMaxMs,
    logErrors: config.errorsLogEnable,
    logRecords: config.errorsLogIncludeMessages,
    deadLetters:
      topic === ''
        ? undefined
        : {
            topic,
            replicationFactor: config.errorsDeadletterqueueTopicReplicationFactor,
            contextHeaders: config.errorsDeadletterqueueContextHeadersEnable,
          },
  }
}
