import { hash } from 'node:crypto'

/** One record of a topic, its value as a digest; null: a tombstone, which the sinks of these tests leave out. */
export interface LoggedRecord {
  readonly partition: number
  readonly offset: number
  readonly digest: string | null
}

export interface LakeObject {
  /** As the S3 sink names it: `.../topic+partition+offset.json.gz`. */
  readonly key: string
  readonly digests: readonly string[]
}

export const digestOf = (value: string | Uint8Array): string => hash('md5', value, 'base64url')

const named = /\+(\d+)\+(\d+)\.[a-z.]+$/

/**
 * What is wrong with objects that should hold a topic: the objects of a partition, in the order of their start offsets, must be
 * exactly the records of that partition that have a value: none missing, none twice, none changed. Empty: nothing is wrong.
 */
export const lakeProblems = (records: readonly LoggedRecord[], objects: readonly LakeObject[]): string[] => {
  const problems: string[] = []
  const topic = new Map<number, LoggedRecord[]>()
  for (const record of records) {
    const list = topic.get(record.partition)
    if (list === undefined) topic.set(record.partition, [record])
    else list.push(record)
  }
  const lake = new Map<number, { start: number; object: LakeObject }[]>()
  for (const object of objects) {
    const [, partition, start] = named.exec(object.key) ?? []
    if (partition === undefined) {
      problems.push(`${object.key} is not named as the sink names objects`)
      continue
    }
    const list = lake.get(Number(partition)) ?? []
    list.push({ start: Number(start), object })
    lake.set(Number(partition), list)
  }
  for (const partition of new Set([...topic.keys(), ...lake.keys()])) {
    const expected = (topic.get(partition) ?? []).filter(record => record.digest !== null)
    let at = 0
    for (const { start, object } of (lake.get(partition) ?? []).sort((a, b) => a.start - b.start)) {
      const next = expected[at]
      if (next === undefined) problems.push(`${object.key} holds records that partition ${partition} has not, or twice`)
      else if (start < next.offset && expected.some(record => record.offset >= start && record.offset < next.offset))
        problems.push(`${object.key} begins before offset ${next.offset}: an object before it holds these records too`)
      else if (start > next.offset)
        problems.push(`offsets ${next.offset} to ${start - 1} of partition ${partition} are in no object`)
      at = expected.findIndex(record => record.offset >= start)
      if (at < 0) at = expected.length
      for (const [line, digest] of object.digests.entries()) {
        const record = expected[at++]
        if (record?.digest === digest) continue
        problems.push(`line ${line + 1} of ${object.key} is not record ${record?.offset ?? 'beyond the end'}`)
        break
      }
    }
    const missing = expected[at]
    if (missing !== undefined)
      problems.push(`offsets from ${missing.offset} on of partition ${partition} are in no object`)
  }
  return problems
}
