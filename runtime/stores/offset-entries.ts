import { hashOrdered } from '../api/hash-order.ts'
import type { OffsetMap } from '../api/record.ts'
import { parseJson } from '../converters/json-parse.ts'
import { connectorPrefix, offsetJson, offsetKey } from './offset-key.ts'
import type { SourceOffset } from './ports.ts'

export const parseOffset = (text: string): OffsetMap => parseJson(Buffer.from(text)) as OffsetMap

/** Reads keys and values as they are stored; shared by every implementation. */
export const readOffsets = (
  get: (key: string) => string | undefined,
  connector: string,
  partitions: readonly OffsetMap[],
): (OffsetMap | undefined)[] =>
  partitions.map(partition => {
    const text = get(offsetKey(connector, partition))
    return text === undefined ? undefined : parseOffset(text)
  })

/** All positions of a connector among the stored entries; keys that are not ours to read are skipped. */
export const allOffsets = (
  entries: Iterable<readonly [string, string]>,
  connector: string,
): { partition: OffsetMap; offset: OffsetMap }[] => {
  const prefix = connectorPrefix(connector)
  const found: { partition: OffsetMap; offset: OffsetMap }[] = []
  for (const [key, value] of entries) {
    if (key.startsWith(prefix))
      found.push({ partition: parseOffset(key.slice(prefix.length, -1)), offset: parseOffset(value) })
  }
  return found
}

/** Positions are HashMaps in Kafka Connect: who reads the topic there has seen their order. */
export const offsetEntries = (connector: string, offsets: readonly SourceOffset[]): [string, string | null][] =>
  offsets.map(({ partition, offset }) => [
    offsetKey(connector, partition),
    offset === null ? null : offsetJson(hashOrdered(offset)),
  ])
