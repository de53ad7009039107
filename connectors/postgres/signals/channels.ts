import type { Log, SourceContext, TopicFollower, TopicMessage } from 'millrace'
import type { Settings } from '../settings/settings.ts'
import type { Signal } from './signal.ts'
import { takeSignals } from './signal-file.ts'
import { followSignals } from './signal-topic.ts'

export interface Arrived {
  readonly signal: Signal
  /** What to tell the channel once the signal was carried out for good. */
  readonly message: TopicMessage | undefined
}

export interface ChannelParts {
  readonly settings: Settings
  readonly log: Log
  readonly followTopic: SourceContext['followTopic']
  /** Something arrived, or a channel failed. */
  attention(): void
}

/** Signals that do not come through the stream: from a file, from a topic. */
export class Channels {
  readonly #parts: ChannelParts
  #arrived: Arrived[] = []
  #failure: unknown
  #poll: NodeJS.Timeout | undefined
  #polling = false
  #follower: Promise<TopicFollower | undefined> = Promise.resolve(undefined)

  constructor(parts: ChannelParts) {
    this.#parts = parts
    const { settings, log } = parts
    const { file, pollMs, kafka } = settings.signals
    if (file !== undefined) {
      log.info('Signals are read from a file', { file })
      this.#poll = setInterval(() => void this.#read(file), pollMs)
    }
    if (kafka === undefined) return
    this.#follower = followSignals(parts.followTopic, {
      from: kafka,
      prefix: settings.prefix,
      log,
      onSignal: (signal, message) => this.#arrive([{ signal, message }]),
      onError: error => this.#fail(error),
    }).catch((error: unknown) => {
      this.#fail(error)
      return undefined
    })
  }

  get isEmpty(): boolean {
    return this.#arrived.length === 0 && this.#failure === undefined
  }

  /** What arrived since the last call. Throws what a channel failed with. */
  take(): readonly Arrived[] {
    if (this.#failure !== undefined) throw this.#failure
    const arrived = this.#arrived
    this.#arrived = []
    return arrived
  }

  /** The signal was carried out, and that is durable: it need not come again. */
  handled({ message }: Arrived): void {
    if (message === undefined) return
    this.#follower
      .then(follower => follower?.handled(message))
      .catch((error: unknown) =>
        this.#parts.log.warn('A signal will come again after a restart: that it was handled could not be stored', {
          error,
        }),
      )
  }

  close(): void {
    clearInterval(this.#poll)
    this.#follower
      .then(follower => follower?.close())
      .catch((error: unknown) => this.#parts.log.warn('The topic of signals was not closed in peace', { error }))
  }

  async #read(file: string): Promise<void> {
    if (this.#polling) return
    this.#polling = true
    try {
      const signals = await takeSignals(file, this.#parts.log)
      this.#arrive(signals.map(signal => ({ signal, message: undefined })))
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#polling = false
    }
  }

  #arrive(arrived: readonly Arrived[]): void {
    if (arrived.length === 0) return
    this.#arrived.push(...arrived)
    this.#parts.attention()
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#parts.attention()
  }
}
