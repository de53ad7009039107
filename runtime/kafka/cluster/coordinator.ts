import type { Api, ResponseOf } from '../../protocol/api.ts'
import { KafkaProtocolError, throwOnError } from '../../protocol/error-codes.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import type { RequestBody, RequestOptions } from '../connection/connection.ts'
import { isConnectionLoss } from '../errors.ts'
import type { Cluster, Lane } from './cluster.ts'

/** What a coordinator can be of. */
const GROUP = 0
export const TRANSACTION = 1

const moved: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])

/** The broker that coordinates a group or a transactional id: found when needed, forgotten when it is another. */
export class Coordinator {
  readonly key: string
  readonly #keyType: number
  readonly #cluster: Cluster
  readonly #lane: Lane
  #nodeId = -1
  #finding: Promise<number> | null = null

  constructor(cluster: Cluster, key: string, lane: Lane, keyType: number) {
    this.#cluster = cluster
    this.key = key
    this.#keyType = keyType
    this.#lane = lane
  }

  /**
   * One request to the coordinator. Look at the answer's codes with `check`, so that a move is noticed. `lane`: another
   * connection than usual, so as not to wait for the answers due there.
   */
  async request<A extends Api>(
    api: A,
    body: RequestBody<A>,
    options?: RequestOptions,
    lane: Lane = this.#lane,
  ): Promise<ResponseOf<A>> {
    const nodeId = this.#nodeId >= 0 ? this.#nodeId : await this.#find()
    try {
      return await this.#cluster.request(nodeId, lane, api, body, options)
    } catch (error) {
      if (isConnectionLoss(error)) this.#nodeId = -1
      throw error
    }
  }

  /** Throws the error of a code, and forgets the coordinator when it says so. */
  check(code: number, place: ConstructorParameters<typeof KafkaProtocolError>[1]): void {
    if (code === 0) return
    const error = new KafkaProtocolError(code, place)
    if (moved.has(error.kafkaCode)) this.#nodeId = -1
    throw error
  }

  #find(): Promise<number> {
    this.#finding ??= this.#ask().finally(() => (this.#finding = null))
    return this.#finding
  }

  async #ask(): Promise<number> {
    const connection = await this.#cluster.any()
    const { key } = this
    const keyType = this.#keyType
    const response = await connection.request(
      findCoordinator,
      version => (version >= 4 ? { keyType, coordinatorKeys: [key] } : version >= 1 ? { keyType, key } : { key }),
      // Later versions only know more key types.
      { maxVersion: 5 },
    )
    const found = response.coordinators[0] ?? response
    throwOnError(found.errorCode, { api: findCoordinator.name, detail: found.errorMessage })
    if (!this.#cluster.metadata.brokers.has(found.nodeId)) await this.#cluster.refresh()
    return (this.#nodeId = found.nodeId)
  }
}

export class GroupCoordinator extends Coordinator {
  constructor(cluster: Cluster, groupId: string, lane: Lane = 'group') {
    super(cluster, groupId, lane, GROUP)
  }

  get groupId(): string {
    return this.key
  }
}
