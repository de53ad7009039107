import type { MemberInfo, Protocol } from '../../kafka/ports.ts'
import { type DecodedOf, f, struct } from '../../protocol/schema.ts'
import { decodeVersioned, encodeVersioned } from '../../protocol/versioned-struct.ts'
import { connectorOf, connectorWork, sortedWork, taskOf, taskWork, type Work } from './work.ts'

// The bytes that Kafka Connect's workers exchange in JoinGroup and SyncGroup (connect.protocol). Versions 1 and 2 have the same
// body; 2 says that requests between workers are signed.

const connectorTasks = struct({ connector: f.string('0+'), tasks: f.array('int32', '0+') })

const metadata = struct({
  url: f.string('0+'),
  configOffset: f.int64('0+'),
  allocation: f.bytes('1+', { nullable: '1+', default: null }),
})

const assignment = struct({
  error: f.int16('0+'),
  leader: f.string('0+'),
  leaderUrl: f.string('0+'),
  configOffset: f.int64('0+'),
  assigned: f.array(connectorTasks, '0+', { nullable: '1+' }),
  revoked: f.array(connectorTasks, '1+', { nullable: '1+' }),
  delayMs: f.int32('1+'),
})

const VERSIONS = [0, 2] as const

// Our own addition (`millrace.assignor.load`): what a worker's tasks cost, after its metadata. Kafka Connect reads no further than its own.
const LOADS = Buffer.from('MLLD')
const taskLoad = struct({ task: f.int32('0+'), millicores: f.int32('0+') })
const connectorLoads = struct({ connector: f.string('0+'), tasks: f.array(taskLoad, '0+') })
const loadsStruct = struct({ connectors: f.array(connectorLoads, '0+') })
const LOADS_VERSIONS = [0, 0] as const

/** `connect.protocol`. */
export type ProtocolName = 'eager' | 'compatible' | 'sessioned'

/** What members offer and the broker chooses from, the best first. */
export const offeredProtocols: Readonly<Record<ProtocolName, readonly string[]>> = {
  sessioned: ['sessioned', 'compatible', 'default'],
  compatible: ['compatible', 'default'],
  eager: ['default'],
}

/** Version by the name in the group; an unknown one is the oldest. */
export const protocolVersion = (name: string): 0 | 1 | 2 => (name === 'sessioned' ? 2 : name === 'compatible' ? 1 : 0)

/** What a worker is given by the leader. */
export interface ConnectAssignment {
  /** The members' configs differ from the leader's: read to the end of the config topic and join again. */
  readonly mismatch: boolean
  /** Member id. */
  readonly leader: string
  readonly leaderUrl: string
  readonly configOffset: number
  /** Eager: all that it shall run. Cooperative: what is new. */
  readonly assigned: readonly Work[]
  readonly revoked: readonly Work[]
  /** Join again after this time; 0: nothing is delayed. */
  readonly delayMs: number
}

/** What a worker says of itself when it joins. */
export interface WorkerState {
  readonly url: string
  readonly configOffset: number
  /** What it runs; eager workers run nothing while they join. */
  readonly running: readonly Work[]
  /** What its tasks cost, in cores; undefined: it does not say. */
  readonly loads?: ReadonlyMap<Work, number> | undefined
}

type ConnectorTasks = DecodedOf<typeof connectorTasks>

const packed = (work: readonly Work[]): ConnectorTasks[] => {
  const byConnector = new Map<string, number[]>()
  for (const one of sortedWork(work)) {
    const tasks = byConnector.get(connectorOf(one))
    if (tasks === undefined) byConnector.set(connectorOf(one), [taskOf(one)])
    else tasks.push(taskOf(one))
  }
  return Array.from(byConnector, ([connector, tasks]) => ({ connector, tasks }))
}

const unpacked = (list: readonly ConnectorTasks[] | null): Work[] =>
  (list ?? []).flatMap(({ connector, tasks }) =>
    tasks.map(task => (task === -1 ? connectorWork(connector) : taskWork({ connector, task }))),
  )

export const encodeConnectAssignment = (given: ConnectAssignment, version: 0 | 1 | 2): Buffer =>
  encodeVersioned(
    assignment,
    VERSIONS,
    version,
    {
      error: given.mismatch ? 1 : 0,
      leader: given.leader,
      leaderUrl: given.leaderUrl,
      configOffset: given.configOffset,
      assigned: packed(given.assigned),
      ...(version > 0 && { revoked: packed(given.revoked), delayMs: given.delayMs }),
    },
    'connect assignment',
  )

/** undefined: nothing was assigned to this member. Throws ProtocolError. */
export const decodeConnectAssignment = (bytes: Buffer): ConnectAssignment | undefined => {
  if (bytes.length === 0) return undefined
  const { value } = decodeVersioned(assignment, VERSIONS, bytes, 'connect assignment')
  return {
    mismatch: value.error !== 0,
    leader: value.leader,
    leaderUrl: value.leaderUrl,
    configOffset: Number(value.configOffset),
    assigned: unpacked(value.assigned),
    revoked: unpacked(value.revoked),
    delayMs: value.delayMs,
  }
}

/** The current assignment stands inside with a version of its own; none while the worker knows no leader. */
export const encodeWorkerState = (
  { url, configOffset, running, loads }: WorkerState,
  version: 0 | 1 | 2,
  last: { readonly leader: string; readonly leaderUrl: string; readonly configOffset: number } | undefined,
): Buffer => {
  const state = encodeVersioned(
    metadata,
    VERSIONS,
    version,
    {
      url,
      configOffset,
      ...(version > 0 && {
        allocation:
          last === undefined
            ? null
            : encodeConnectAssignment(
                { ...last, mismatch: false, assigned: running, revoked: [], delayMs: 0 },
                version,
              ),
      }),
    },
    'connect metadata',
  )
  return loads === undefined || version === 0 ? state : Buffer.concat([state, encodeLoads(loads)])
}

const encodeLoads = (loads: ReadonlyMap<Work, number>): Buffer => {
  const byConnector = new Map<string, { task: number; millicores: number }[]>()
  for (const [work, cores] of loads) {
    const one = { task: taskOf(work), millicores: Math.round(cores * 1000) }
    const tasks = byConnector.get(connectorOf(work))
    if (tasks === undefined) byConnector.set(connectorOf(work), [one])
    else tasks.push(one)
  }
  const connectors = Array.from(byConnector, ([connector, tasks]) => ({ connector, tasks }))
  return Buffer.concat([LOADS, encodeVersioned(loadsStruct, LOADS_VERSIONS, 0, { connectors }, 'task loads')])
}

const decodeLoads = (rest: Buffer): ReadonlyMap<Work, number> | undefined => {
  if (!rest.subarray(0, LOADS.length).equals(LOADS)) return undefined
  const { value } = decodeVersioned(loadsStruct, LOADS_VERSIONS, rest.subarray(LOADS.length), 'task loads')
  return new Map(
    value.connectors.flatMap(({ connector, tasks }) =>
      tasks.map(({ task, millicores }) => [taskWork({ connector, task }), millicores / 1000] as const),
    ),
  )
}

/** Throws ProtocolError. */
export const decodeWorkerState = (bytes: Buffer): WorkerState => {
  const { value, rest } = decodeVersioned(metadata, VERSIONS, bytes, 'connect metadata')
  const running = value.allocation === null ? undefined : decodeConnectAssignment(value.allocation)
  return {
    url: value.url,
    configOffset: Number(value.configOffset),
    running: running?.assigned ?? [],
    loads: decodeLoads(rest),
  }
}

/** What a worker offers at a join. */
export const offers = (
  name: ProtocolName,
  state: WorkerState,
  last: Parameters<typeof encodeWorkerState>[2],
): readonly Protocol[] =>
  offeredProtocols[name].map(offered => ({
    name: offered,
    metadata: encodeWorkerState(state, protocolVersion(offered), last),
  }))

/** What the members of a round said, by member id in the order of the group. */
export const workerStates = (members: readonly MemberInfo[]): ReadonlyMap<string, WorkerState> =>
  new Map(members.map(({ memberId, metadata: bytes }) => [memberId, decodeWorkerState(bytes)]))
