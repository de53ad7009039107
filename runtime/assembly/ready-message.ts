/** What a worker process tells its parent when it is ready, if it was started with an IPC channel. */
export interface ReadyMessage {
  readonly type: 'ready'
  /** Base URL of its REST API. */
  readonly rest: string
  /** `bootstrap.servers` of the cluster it uses; that of its own broker when it brings one. */
  readonly bootstrap: string
}
