import { exactName, wholeName } from '../settings/patterns.ts'

/** What somebody wants of the running connector, as it arrived. */
export interface Signal {
  readonly id: string
  readonly type: string
  /** JSON. */
  readonly data: string
}

/** A signal as files and topics have it: a JSON object. Throws for what is none. */
export const readSignal = (json: string): Signal => {
  const { id, type, data } = JSON.parse(json) as Readonly<Record<string, unknown>>
  if (id === undefined || type === undefined) throw new Error('id or type is missing')
  return { id: String(id), type: String(type), data: typeof data === 'string' ? data : JSON.stringify(data ?? {}) }
}

export interface Condition {
  readonly collection: RegExp
  /** A condition in SQL; for a blocking snapshot also a query. */
  readonly filter: string
}

export interface SnapshotRequest {
  readonly id: string
  /** Regular expressions that match `schema.table`. */
  readonly collections: readonly string[]
  readonly conditions: readonly Condition[]
  /** Column that chunks are ordered by in place of the primary key. */
  readonly surrogateKey: string | undefined
}

export type Action =
  | { readonly do: 'incremental' | 'blocking'; readonly request: SnapshotRequest }
  /** No collections: all. */
  | { readonly do: 'stop'; readonly collections: readonly string[] | undefined }
  | { readonly do: 'pause' | 'resume' }
  | { readonly do: 'log'; readonly message: string }
  /** A watermark: the beginning or the end of the chunk with this id. */
  | { readonly do: 'open' | 'close'; readonly chunk: string }
  /** Not understood: why. */
  | { readonly do: 'nothing'; readonly why: string }

const nothing = (why: string): Action => ({ do: 'nothing', why })

type Data = Readonly<Record<string, unknown>>

const parsed = (text: string): Data | string => {
  if (text.trim() === '') return {}
  try {
    const data = JSON.parse(text) as unknown
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Data) : 'data is no JSON object'
  } catch (error) {
    return `data cannot be read: ${(error as Error).message}`
  }
}

/** Names or patterns of tables; undefined: none given; a string: what is wrong. */
const collectionsOf = (data: Data): readonly string[] | undefined | string => {
  const given = data['data-collections']
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return undefined
  if (!Array.isArray(given) || given.some(item => typeof item !== 'string'))
    return 'data-collections is no list of texts'
  const names = given.map((item: string) => item.trim())
  for (const name of names) {
    try {
      exactName(name)
    } catch (error) {
      return `data-collections: ${name}: ${(error as Error).message}`
    }
  }
  return names
}

const conditionsOf = (data: Data): readonly Condition[] | string => {
  const given = data['additional-conditions'] ?? []
  if (!Array.isArray(given)) return 'additional-conditions is no list'
  const conditions: Condition[] = []
  for (const item of given as readonly unknown[]) {
    const { 'data-collection': collection, filter } = (item ?? {}) as Data
    if (typeof collection !== 'string' || typeof filter !== 'string')
      return 'additional-conditions: data-collection and filter must be texts'
    try {
      conditions.push({ collection: wholeName(collection), filter })
    } catch (error) {
      return `additional-conditions: ${collection}: ${(error as Error).message}`
    }
  }
  return conditions
}

const kindOf = (data: Data): 'incremental' | 'blocking' | undefined => {
  const kind = String(data['type'] ?? 'incremental').toLowerCase()
  return kind === 'incremental' || kind === 'blocking' ? kind : undefined
}

const execute = (id: string, data: Data): Action => {
  const collections = collectionsOf(data)
  const conditions = conditionsOf(data)
  const kind = kindOf(data)
  if (collections === undefined) return nothing('data-collections is missing or empty')
  if (typeof collections === 'string') return nothing(collections)
  if (typeof conditions === 'string') return nothing(conditions)
  if (kind === undefined) return nothing(`type ${String(data['type'])} is neither INCREMENTAL nor BLOCKING`)
  const surrogate = data['surrogate-key']
  const surrogateKey = typeof surrogate === 'string' && surrogate.trim() !== '' ? surrogate.trim() : undefined
  return { do: kind, request: { id, collections, conditions, surrogateKey } }
}

const stop = (data: Data): Action => {
  const collections = collectionsOf(data)
  if (typeof collections === 'string') return nothing(collections)
  if (kindOf(data) !== 'incremental') return nothing('only an incremental snapshot can be stopped')
  return { do: 'stop', collections }
}

/** What a signal asks for. */
export const actionOf = ({ id, type, data }: Signal): Action => {
  const read = parsed(data)
  switch (type) {
    case 'snapshot-window-open':
    case 'snapshot-window-close':
      return { do: type === 'snapshot-window-open' ? 'open' : 'close', chunk: id.replace(/-(open|close)$/, '') }
    case 'pause-snapshot':
      return { do: 'pause' }
    case 'resume-snapshot':
      return { do: 'resume' }
    default:
      if (typeof read === 'string') return nothing(read)
  }
  switch (type) {
    case 'execute-snapshot':
      return execute(id, read)
    case 'stop-snapshot':
      return stop(read)
    case 'log': {
      const message = read['message']
      return typeof message === 'string' && message !== ''
        ? { do: 'log', message }
        : nothing('message is missing or empty')
    }
    default:
      return nothing(`the type ${type} is not known`)
  }
}
