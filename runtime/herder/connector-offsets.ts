import { CodedError } from '../base/errors.ts'
import type { Admin } from '../kafka/ports.ts'
import type { ConnectorProps, OffsetStore } from '../stores/ports.ts'
import type { ConnectorWorker } from '../worker/ports.ts'
import type { ConnectorOffset } from './entities.ts'
import { alterSinkOffsets, sinkOffsets } from './sink-offsets.ts'

export interface ConnectorOffsetsParts {
  readonly worker: ConnectorWorker
  readonly offsets: OffsetStore
  readonly admin: () => Promise<Admin>
  readonly resolve: (props: ConnectorProps) => Promise<ConnectorProps>
  readonly workerProps: Readonly<Record<string, string>>
}

/** Offsets as REST shows and changes them: a sink's lie in its consumer group, a source's in the offset store. */
export class ConnectorOffsets {
  readonly #parts: ConnectorOffsetsParts

  constructor(parts: ConnectorOffsetsParts) {
    this.#parts = parts
  }

  async list(connector: string, props: ConnectorProps, sink: boolean): Promise<readonly ConnectorOffset[]> {
    const { admin, offsets } = this.#parts
    return sink ? sinkOffsets(await admin(), await this.#groupId(connector, props)) : offsets.all(connector)
  }

  /** null: resets all. Resolves to the message for the user. The connector is stopped, its tasks are gone. */
  async alter(
    connector: string,
    props: ConnectorProps,
    sink: boolean,
    offsets: readonly ConnectorOffset[] | null,
  ): Promise<string> {
    const what = offsets === null ? 'reset' : 'altered'
    const inside = sink
      ? await this.#alterSink(connector, props, offsets)
      : await this.#alterSource(connector, props, offsets)
    return inside
      ? `The offsets for this connector have been ${what} successfully`
      : `The Connect framework-managed offsets for this connector have been ${what} successfully. However, if this connector manages offsets externally, they will need to be manually ${what} in the system that the connector uses.`
  }

  async #groupId(connector: string, props: ConnectorProps): Promise<string> {
    const resolved = await this.#parts.resolve(props)
    return (
      resolved['consumer.override.group.id'] ?? this.#parts.workerProps['consumer.group.id'] ?? `connect-${connector}`
    )
  }

  async #alterSink(
    connector: string,
    props: ConnectorProps,
    offsets: readonly ConnectorOffset[] | null,
  ): Promise<boolean> {
    await alterSinkOffsets(await this.#parts.admin(), connector, await this.#groupId(connector, props), offsets)
    return true
  }

  async #alterSource(
    connector: string,
    props: ConnectorProps,
    offsets: readonly ConnectorOffset[] | null,
  ): Promise<boolean> {
    const { worker, offsets: store } = this.#parts
    const changes = offsets ?? (await store.all(connector)).map(({ partition }) => ({ partition, offset: null }))
    if (changes.some(({ partition }) => partition === null))
      throw new CodedError('INTERNAL', { reason: 'Partition objects cannot be null' })
    const inside = await worker.checkOffsets(connector, props, changes).catch((cause: Error) => {
      throw new CodedError('INTERNAL', { reason: cause.message }, { cause })
    })
    await store.put(connector, changes)
    return inside
  }
}
