import { ConfigError, type Log, type SourceContext, type TopicFollower, type TopicMessage } from 'millrace'
import type { SignalTopic } from '../settings/signal-settings.ts'
import { readSignal, type Signal } from './signal.ts'

export interface TopicSignals {
  readonly from: SignalTopic
  /** topic.prefix: messages with another key are for others. */
  readonly prefix: string
  readonly log: Log
  onSignal(signal: Signal, message: TopicMessage): void
  onError(error: Error): void
}

const text = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString('utf8'))

/** Follows the topic of signals. */
export const followSignals = async (
  followTopic: SourceContext['followTopic'],
  { from, prefix, log, onSignal, onError }: TopicSignals,
): Promise<TopicFollower> => {
  if (followTopic === undefined)
    throw new ConfigError('Signals from Kafka need a worker that has Kafka: use the channel source or file here', {
      key: 'signal.enabled.channels',
    })
  log.info('Signals are read from a topic', { topic: from.topic })
  return followTopic({
    ...from,
    onMessage(message) {
      if (text(message.key) !== prefix) return
      const { topic, offset } = message
      try {
        onSignal(readSignal(text(message.value)), message)
      } catch (error) {
        log.warn('A message is no signal and was left out', { topic, offset, reason: (error as Error).message })
      }
    },
    onError: error =>
      onError(new Error(`The topic of signals ${from.topic} cannot be read: ${error.message}`, { cause: error })),
  })
}
