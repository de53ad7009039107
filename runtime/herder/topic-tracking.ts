import { CodedError } from '../base/errors.ts'
import type { StatusStore } from '../stores/ports.ts'
import type { TaskId } from '../worker/ports.ts'

/** The topics that connectors use, as far as the worker's `topic.tracking.*` let anybody see and forget them. */
export class TopicTracking {
  readonly #statuses: StatusStore
  readonly #workerProps: Readonly<Record<string, string>>

  constructor(statuses: StatusStore, workerProps: Readonly<Record<string, string>>) {
    this.#statuses = statuses
    this.#workerProps = workerProps
  }

  /** Throws CodedError when tracking is off. */
  list(connector: string): readonly string[] {
    if (this.#off('topic.tracking.enable')) throw new CodedError('TOPIC_TRACKING_OFF')
    return this.#statuses.topics(connector)
  }

  /** Throws CodedError when tracking or its reset is off. Topics in use come back when their next records are stored. */
  reset(connector: string): void {
    if (this.#off('topic.tracking.enable')) throw new CodedError('TOPIC_TRACKING_OFF')
    if (this.#off('topic.tracking.allow.reset')) throw new CodedError('TOPIC_RESET_OFF')
    this.forget(connector)
  }

  used({ connector, task }: TaskId, topic: string): void {
    if (!this.#off('topic.tracking.enable')) this.#statuses.addTopic(connector, task, topic)
  }

  /** The connector is gone. */
  forget(connector: string): void {
    this.#statuses.resetTopics(connector)
  }

  #off(key: string): boolean {
    return this.#workerProps[key]?.trim() === 'false'
  }
}
