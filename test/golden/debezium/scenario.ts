import { readdirSync, readFileSync } from 'node:fs'
import { compact, fromJs, type Json, parse } from './lossless-json.mjs'
import { differentText, leftOut, notYet } from './not-yet.ts'
import { Ordinals, ordinals } from './normalise.mjs'

export interface Step {
  readonly sql?: string | readonly string[]
  readonly mayFail?: boolean
  readonly session?: string
  readonly run?: string | readonly string[]
  readonly sleep?: number
  readonly quiet?: boolean
  readonly query?: string
  readonly as?: string
  readonly offsets?: string
  readonly flush?: boolean
  readonly rest?: readonly [method: string, path: string, body?: unknown]
  readonly validate?: Readonly<Record<string, string | null>>
  readonly full?: boolean
  readonly bare?: boolean
  readonly restart?: boolean
  readonly stop?: boolean
  readonly resume?: boolean | string
  readonly reconfigure?: Readonly<Record<string, string | null>>
  readonly create?: true | Readonly<Record<string, string | null>>
  readonly wait?: string
  readonly failed?: string
  readonly produce?: { readonly topic: string; readonly key: string; readonly value: string }
}

/** What a file of `scenarios/` says is to be done. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly before: readonly string[]
  readonly config: Readonly<Record<string, string>>
  readonly createdByStep?: boolean
  readonly steps: readonly Step[]
}

const folder = new URL('./scenarios/', import.meta.url)

export const names: readonly string[] = readdirSync(folder)
  .filter(file => file.endsWith('.json'))
  .map(file => file.slice(0, -5))

const only = process.env['SCENARIOS']?.split(',')

/** Those that have no reason not to be; `SCENARIOS` names some of all. */
export const played: readonly string[] = names.filter(name => only?.includes(name) ?? !Object.hasOwn(notYet, name))

export const scenarioText = (name: string): string => readFileSync(new URL(`${name}.json`, folder), 'utf8')

/** The recording's text, with ours where it is another one for a reason. Throws when there is none any more. */
export const textInOurWords = (name: string): string =>
  Object.entries(differentText[name] ?? {}).reduce((text, [recorded, own]) => {
    if (!text.includes(recorded)) throw new Error(`${name} differs no more from ${own}: take it off not-yet.ts`)
    return text.replaceAll(recorded, () => own)
  }, scenarioText(name))

export interface Recording {
  /** Answers of steps, in order. */
  readonly captured: readonly ReadonlyMap<string, Json>[]
  /** Topic to records, schemas in place. */
  readonly topics: Json
}

/** What a file says comes of it. */
export const recordingOf = (golden: ReadonlyMap<string, Json>): Recording => {
  const schemas = (golden.get('schemas') ?? new Map()) as ReadonlyMap<string, Json>
  const put = (side: Json): Json => {
    if (!(side instanceof Map) || !side.has('schema')) return side
    const id = side.get('schema') as string | null
    return new Map(side).set('schema', id === null ? null : schemas.get(id))
  }
  const topics = new Map<string, Json>()
  for (const [topic, entry] of golden.get('topics') as ReadonlyMap<string, ReadonlyMap<string, Json>>) {
    const records = (entry.get('records') as readonly ReadonlyMap<string, Json>[]).map(
      record =>
        new Map(
          [...record].map(([name, value]) => [name, name === 'key' || name === 'value' ? put(value) : value] as const),
        ),
    )
    topics.set(topic, records)
  }
  return { captured: (golden.get('captured') ?? []) as Recording['captured'], topics }
}

export const recordingIn = (text: string): Recording => recordingOf(parse(text) as ReadonlyMap<string, Json>)

/** A record as a file has it, before positions are put in order. */
export interface Shown {
  readonly topic: string
  readonly partition: number
  readonly shown: object
  /** The value before anything in it was replaced. */
  readonly raw: Json | null
  readonly timestamp: number | null
}

/** The records of a scenario by topic, in the form of `recordingOf`. */
export const shownTopics = (scenario: Scenario, records: readonly Shown[]): Json => {
  const topics = Map.groupBy(
    records.filter(({ topic }) => leftOut[scenario.name]?.test(topic) !== true),
    ({ topic }) => topic,
  )
  const order = new Ordinals()
  // Only one scenario is about the time of the record, which the others do not show.
  const timed = scenario.name === 'outbox_timestamp'
  return new Map(
    [...topics.keys()].sort().map(topic => [
      topic,
      topics
        .get(topic)!
        .toSorted((a, b) => a.partition - b.partition)
        .map(({ shown, raw, timestamp }) => {
          const counts = raw === null ? null : ordinals(raw, order)
          return fromJs({ ...shown, ...(counts !== null && { order: counts }), ...(timed && { timestamp }) })
        }),
    ]),
  )
}

/** Heartbeats go on for ever: the first one counts. */
export const collapsed = (topics: Json): Json =>
  new Map(
    [...(topics as ReadonlyMap<string, readonly Json[]>)].map(([topic, records]) => [
      topic,
      topic.startsWith('__debezium-heartbeat') ? records.slice(0, 1) : records,
    ]),
  )

/** Plain objects, which a test shows well. */
export const plain = (value: Json): unknown =>
  value instanceof Map
    ? Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value !== null && typeof value === 'object'
        ? compact(value)
        : value
