import { quoteJson } from '../api/json-text.ts'
import type { ConnectorProps, SessionKey, TargetState } from './ports.ts'

/** What one record of the config topic says. Props keep the order of the record. */
export type ConfigRecord =
  | { readonly kind: 'connector'; readonly connector: string; readonly props: ConnectorProps | null }
  | {
      readonly kind: 'task'
      readonly connector: string
      readonly task: number
      readonly props: Readonly<Record<string, string>>
    }
  | { readonly kind: 'commit'; readonly connector: string; readonly tasks: number }
  | { readonly kind: 'target'; readonly connector: string; readonly state: TargetState | null }
  | { readonly kind: 'fencing'; readonly connector: string; readonly tasks: number }
  | { readonly kind: 'session-key'; readonly key: SessionKey }
  | {
      readonly kind: 'restart'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }
  | { readonly kind: 'logger'; readonly logger: string; readonly level: string }

/** Key and value as text; null is a tombstone. */
export type TextRecord = readonly [key: string, value: string | null]

const object = (members: Iterable<readonly [string, string]>): string =>
  `{${Array.from(members, ([key, value]) => `${quoteJson(key)}:${value}`).join()}}`

const properties = (props: ConnectorProps): string =>
  `{"properties":${object(Object.entries(props).map(([key, value]) => [key, value === null ? 'null' : quoteJson(value)] as const))}}`

/** A record as Kafka Connect stores it, byte for byte (golden: test/golden/stored/configs.json). */
export const writeConfigRecord = (record: ConfigRecord): TextRecord => {
  switch (record.kind) {
    case 'connector':
      return [`connector-${record.connector}`, record.props === null ? null : properties(record.props)]
    case 'task':
      return [`task-${record.connector}-${record.task}`, properties(record.props)]
    case 'commit':
      return [`commit-${record.connector}`, `{"tasks":${record.tasks}}`]
    case 'target':
      return [`target-state-${record.connector}`, record.state === null ? null : targetText(record.state)]
    case 'fencing':
      return [`tasks-fencing-${record.connector}`, `{"task-count":${record.tasks}}`]
    case 'session-key': {
      const { key, algorithm, createdMs } = record.key
      return [
        'session-key',
        `{"key":"${Buffer.from(key).toString('base64')}","algorithm":${quoteJson(algorithm)},"creation-timestamp":${createdMs}}`,
      ]
    }
    case 'restart':
      return [
        `restart-connector-${record.connector}`,
        `{"include-tasks":${record.includeTasks},"only-failed":${record.onlyFailed}}`,
      ]
    case 'logger':
      return [`logger-cluster-${record.logger}`, `{"level":${quoteJson(record.level)}}`]
  }
}

// Workers that know no STOPPED read `state` and must not run it either.
const targetText = (state: TargetState): string =>
  `{"state":"${state === 'STOPPED' ? 'PAUSED' : state}","state.v2":"${state}"}`

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const parsed = (value: string): Json => {
  const json: unknown = JSON.parse(value)
  if (!isObject(json)) throw new Error('the value is no JSON object')
  return json
}

const member = <T>(json: Json, name: string, is: (value: unknown) => value is T, what: string): T => {
  const value = json[name]
  if (!is(value)) throw new Error(`"${name}" is ${value === undefined ? 'missing' : `no ${what}`}`)
  return value
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'

const connectorProps = (json: Json): ConnectorProps => {
  const props = member(json, 'properties', isObject, 'object')
  for (const [key, value] of Object.entries(props))
    if (value !== null && typeof value !== 'string') throw new Error(`the setting ${key} is no text`)
  return props as ConnectorProps
}

const taskProps = (json: Json): Readonly<Record<string, string>> => {
  const props = connectorProps(json)
  const nothing = Object.keys(props).find(key => props[key] === null)
  if (nothing !== undefined) throw new Error(`the setting ${nothing} is null`)
  return props as Readonly<Record<string, string>>
}

const isTarget = (value: unknown): value is TargetState =>
  value === 'STARTED' || value === 'PAUSED' || value === 'STOPPED'

const targetOf = (json: Json): TargetState =>
  // An unknown state.v2 comes from a newer worker, which wrote `state` for readers like us.
  isTarget(json['state.v2']) ? json['state.v2'] : member(json, 'state', isTarget, 'known target state')

const required = (value: string | null): Json => {
  if (value === null) throw new Error('a tombstone has no meaning here')
  return parsed(value)
}

const rest = (key: string, prefix: string): string | undefined =>
  key.startsWith(prefix) && key.length > prefix.length ? key.slice(prefix.length) : undefined

/** undefined: a key that means nothing to us. Throws Error with the reason for a record that cannot be read. */
export const readConfigRecord = (key: string, value: string | null): ConfigRecord | undefined => {
  let name: string | undefined
  if (key === 'session-key') {
    const json = required(value)
    return {
      kind: 'session-key',
      key: {
        key: Buffer.from(member(json, 'key', isText, 'text'), 'base64'),
        algorithm: member(json, 'algorithm', isText, 'text'),
        createdMs: member(json, 'creation-timestamp', isCount, 'time'),
      },
    }
  }
  // The longer prefixes first: a connector's name may begin with anything.
  name = rest(key, 'restart-connector-')
  if (name !== undefined) {
    const json = required(value)
    return {
      kind: 'restart',
      connector: name,
      includeTasks: member(json, 'include-tasks', isFlag, 'boolean'),
      onlyFailed: member(json, 'only-failed', isFlag, 'boolean'),
    }
  }
  name = rest(key, 'target-state-')
  if (name !== undefined)
    return { kind: 'target', connector: name, state: value === null ? null : targetOf(parsed(value)) }
  name = rest(key, 'connector-')
  if (name !== undefined)
    return { kind: 'connector', connector: name, props: value === null ? null : connectorProps(parsed(value)) }
  name = rest(key, 'tasks-fencing-')
  if (name !== undefined)
    return { kind: 'fencing', connector: name, tasks: member(required(value), 'task-count', isCount, 'count') }
  name = rest(key, 'commit-')
  if (name !== undefined)
    return { kind: 'commit', connector: name, tasks: member(required(value), 'tasks', isCount, 'count') }
  name = rest(key, 'logger-cluster-')
  if (name !== undefined)
    return { kind: 'logger', logger: name, level: member(required(value), 'level', isText, 'text') }
  const task = /^task-(.+)-(\d+)$/s.exec(key)
  if (task !== null)
    return { kind: 'task', connector: task[1]!, task: Number(task[2]), props: taskProps(required(value)) }
  return undefined
}
