import type { OffsetMap } from '../api/record.ts'

/** What a connector should be doing. */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

/** What a connector or task is seen doing; UNASSIGNED means nobody runs it. */
export type RunState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | 'STOPPED'

/** Raw settings, variables unresolved. `null` values are possible: Kafka Connect stores them as given. */
export type ConnectorProps = Readonly<Record<string, string | null>>

export interface StoredConnector {
  readonly props: ConnectorProps
  readonly targetState: TargetState
  /** Task configs in order of task id. */
  readonly tasks: readonly Readonly<Record<string, string>>[]
}

/** Connector and task configurations. A write resolves when it is durable. */
export interface ConfigStore {
  start(): Promise<void>
  stop(): Promise<void>
  /** Names in order of creation. */
  connectors(): readonly string[]
  get(connector: string): StoredConnector | undefined
  /** Creates or replaces; `targetState` only when given, otherwise a new one is STARTED and an old one keeps its own. */
  putConnector(connector: string, props: ConnectorProps, targetState?: TargetState): Promise<void>
  removeConnector(connector: string): Promise<void>
  putTasks(connector: string, tasks: readonly Readonly<Record<string, string>>[]): Promise<void>
  putTargetState(connector: string, state: TargetState): Promise<void>
}

/** What workers sign requests to each other with. Never logged (invariant 10). */
export interface SessionKey {
  readonly key: Uint8Array
  /** As Java names it: `HmacSHA256`. */
  readonly algorithm: string
  readonly createdMs: number
}

/** News of the configs of a cluster. */
export type ConfigChange =
  | { readonly kind: 'connector'; readonly connector: string; readonly created: boolean }
  | { readonly kind: 'removed'; readonly connector: string }
  | { readonly kind: 'tasks'; readonly connector: string }
  | { readonly kind: 'target'; readonly connector: string }
  | { readonly kind: 'session-key' }
  | {
      readonly kind: 'restart'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }
  | { readonly kind: 'logger'; readonly logger: string; readonly level: string }

/** Configs that the workers of a cluster share. */
export interface ClusterConfigStore extends ConfigStore {
  /** Offset of the last record read + 1: what workers compare to know whether they have seen the same. */
  readonly offset: number
  readonly sessionKey: SessionKey | undefined
  /** Resolves when all that is stored now was read. */
  readToEnd(): Promise<void>
  /** Called for what is read after `start`, what this worker wrote included. */
  onChange(listener: (change: ConfigChange) => void): void
  /** The settings that the stored tasks were made of; undefined: not known. */
  appliedProps(connector: string): ConnectorProps | undefined
  /** Grows with every committed set of tasks; 0 before the first. */
  generation(connector: string): number
  /** How many transactional ids of the connector's tasks may be alive; undefined when none was ever recorded. */
  fencedTasks(connector: string): number | undefined
  /** Whether tasks before the last committed ones may still be alive. */
  needsFencing(connector: string): boolean
  /** The tasks before the set of this generation can write no more. Throws CodedError FENCING_OUTDATED when a newer set is stored. */
  putFencing(connector: string, tasks: number, generation: number): Promise<void>
  /** Whether this worker leads from now on: then what only leaders write is written so that earlier ones are fenced. */
  lead(leads: boolean): void
  putSessionKey(key: SessionKey): Promise<void>
  putRestart(connector: string, flags: { readonly includeTasks: boolean; readonly onlyFailed: boolean }): Promise<void>
  putLogLevel(logger: string, level: string): Promise<void>
}

export interface SourceOffset {
  readonly partition: OffsetMap
  /** null: forget it. */
  readonly offset: OffsetMap | null
}

/** Positions of source connectors. Keys are the exact JSON bytes of `["connector",{partition}]`: member order matters. */
export interface OffsetStore {
  start(): Promise<void>
  stop(): Promise<void>
  get(connector: string, partitions: readonly OffsetMap[]): Promise<readonly (OffsetMap | undefined)[]>
  /** All positions of a connector. */
  all(connector: string): Promise<readonly { readonly partition: OffsetMap; readonly offset: OffsetMap }[]>
  /** Resolves when durable: only then may `committed` be told (invariant 2). */
  put(connector: string, offsets: readonly SourceOffset[]): Promise<void>
}

export interface Status {
  readonly state: RunState
  readonly workerId: string
  readonly trace?: string
  readonly version?: string
  readonly generation: number
}

/** What runs where, and how it fares. */
export interface StatusStore {
  start(): Promise<void>
  stop(): Promise<void>
  connector(connector: string): Status | undefined
  task(connector: string, task: number): Status | undefined
  /** Ascending by task id. */
  tasks(connector: string): readonly { readonly task: number; readonly status: Status }[]
  putConnector(connector: string, status: Status): void
  putTask(connector: string, task: number, status: Status): void
  removeConnector(connector: string): void
  removeTask(connector: string, task: number): void
  /** Topics a connector has used since the last reset. */
  topics(connector: string): readonly string[]
  addTopic(connector: string, task: number, topic: string): void
  resetTopics(connector: string): void
}

/** Statuses that the workers of a cluster share. */
export interface ClusterStatusStore extends StatusStore {
  /** Those that anything is known of. */
  connectors(): readonly string[]
  /** Resolves when all that is stored now was read. */
  readToEnd(): Promise<void>
  /** Resolves when what was put so far is stored, or after a few seconds. */
  flush(): Promise<void>
}
