import type { OffsetMap } from '../api/record.ts'
import type { ConnectorProps, RunState } from '../stores/ports.ts'
import type { TaskId } from '../worker/ports.ts'

/** The bodies of REST, as Kafka Connect has them. */
export interface ConnectorInfo {
  readonly name: string
  readonly config: ConnectorProps
  readonly tasks: readonly TaskId[]
  readonly type: ConnectorType
}

export type ConnectorType = 'source' | 'sink' | 'unknown'

export interface PartStatus {
  readonly state: RunState
  readonly worker_id: string
  readonly version: string | null
  readonly trace?: string
  /** An addition: what it is busy with, or what happens next. */
  readonly progress?: string
}

export interface ConnectorStatus {
  readonly name: string
  readonly connector: PartStatus
  readonly tasks: readonly ({ readonly id: number } & PartStatus)[]
  readonly type: ConnectorType
}

export interface TaskInfo {
  readonly id: TaskId
  readonly config: Readonly<Record<string, string>>
}

/** A definition as `/config` and `/validate` show it. */
export interface ConfigKeyInfo {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  readonly width: string
  readonly display_name: string
  readonly dependents: readonly string[]
  readonly order_in_group: number
}

export interface ConfigValueInfo {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly string[]
  readonly errors: readonly string[]
  readonly visible: boolean
  /** An addition: what was probably meant by a value that is refused. */
  readonly hint?: string
}

/** An addition: what is allowed, and probably not what was meant. */
export interface ConfigWarning {
  /** Of the setting. */
  readonly name: string
  readonly message: string
  readonly hint?: string
}

export interface ConfigInfos {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly { readonly definition: ConfigKeyInfo | null; readonly value: ConfigValueInfo }[]
  readonly warnings?: readonly ConfigWarning[]
}

export interface ConnectorOffset {
  readonly partition: OffsetMap
  readonly offset: OffsetMap | null
}
