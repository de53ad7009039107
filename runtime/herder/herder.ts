import type { PluginInfo } from '../plugins/registry.ts'
import type { ConnectorProps, TargetState } from '../stores/ports.ts'
import type { Preview } from '../worker/preview.ts'
import type {
  ConfigInfos,
  ConfigKeyInfo,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorStatus,
  TaskInfo,
} from './entities.ts'

/**
 * Decides what runs. Everything REST can ask; statuses and texts are Kafka Connect's. Methods throw CodedError with the
 * HTTP status for what the caller did wrong.
 */
export interface Herder {
  /** Starts what is stored; resolves when requests can be answered. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Startup is complete, connectors of the command line included. */
  isReady(): boolean
  kafkaClusterId(): Promise<string>
  connectors(): readonly string[]
  info(connector: string): ConnectorInfo
  status(connector: string): ConnectorStatus
  taskStatus(connector: string, task: number): ConnectorStatus['tasks'][number]
  tasks(connector: string): readonly TaskInfo[]
  topics(connector: string): readonly string[]
  resetTopics(connector: string): void
  create(connector: string, props: ConnectorProps, initial?: TargetState): Promise<ConnectorInfo>
  /** Creates or replaces. */
  put(connector: string, props: ConnectorProps): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }>
  /** null removes a setting. */
  patch(connector: string, changes: ConnectorProps): Promise<ConnectorInfo>
  remove(connector: string): Promise<void>
  setTarget(connector: string, target: TargetState): Promise<void>
  /** The connector alone, or (with a flag set) a plan whose outcome is returned. */
  restart(
    connector: string,
    flags: { readonly includeTasks: boolean; readonly onlyFailed: boolean },
  ): Promise<ConnectorStatus | undefined>
  restartTask(connector: string, task: number): Promise<void>
  offsets(connector: string): Promise<readonly ConnectorOffset[]>
  /** null: reset all. Resolves to the message for the user. */
  alterOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string>
  plugins(connectorsOnly: boolean): readonly PluginInfo[]
  pluginConfig(className: string): Promise<readonly ConfigKeyInfo[]>
  /** `className` is that of the path; undefined when a connector is created. */
  validate(props: ConnectorProps, className?: string): Promise<ConfigInfos>
  /** Runs data of the connector through its stages and writes nothing. `count`: most records. */
  preview(props: ConnectorProps, count: number, className?: string): Promise<Preview>
  /** In a cluster: the level on every worker. */
  setLogLevel?(logger: string, level: string): Promise<void>
  /** In a cluster. */
  readonly internal?: InternalRequests
}

/** What workers of a cluster ask each other. */
export interface InternalRequests {
  /** `body`: as it was received, for its signature. Throws CodedError, or ElsewhereError when another worker leads. */
  putTasks(
    connector: string,
    body: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): Promise<void>
  /** Resolves when no task of an earlier set can write any more. Throws as `putTasks` does. */
  fence(connector: string, headers: Readonly<Record<string, string | string[] | undefined>>): Promise<void>
}
