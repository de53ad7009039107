import { DataError } from '../../api/errors.ts'
import type { SchemaType } from './format.ts'

// Confluent's framing: a magic byte, the schema's id (or GUID), for Protobuf the place of the message in its file, the payload.

const BY_ID = 0
const BY_GUID = 1

/** What stands before a payload. */
export interface Frame {
  /** The id of the schema, or its GUID as text. */
  readonly schema: number | string
  /** Protobuf: the place of the message among those of its file; otherwise empty. */
  readonly indexes: readonly number[]
  /** Where the payload begins. */
  readonly payloadAt: number
}

const first: readonly number[] = [0]
const none: readonly number[] = []

const zigzag = (value: number): number[] => {
  const bytes: number[] = []
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** The bytes before a payload of the schema with this id. */
export const frameOf = (id: number, indexes: readonly number[] | undefined): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  if (indexes === undefined) return head
  // The first message of a file, which is the usual one, takes one byte.
  const place = indexes.length === 1 && indexes[0] === 0 ? [0] : [...zigzag(indexes.length), ...indexes.flatMap(zigzag)]
  return Buffer.concat([head, Buffer.from(place)])
}

/** Throws DataError for bytes that no serializer of a registry wrote. */
export const readFrame = (bytes: Uint8Array, type: SchemaType): Frame => {
  const magic = bytes[0]
  const headLength = magic === BY_ID ? 5 : 17
  if (magic !== BY_ID && magic !== BY_GUID)
    throw new DataError(
      `Unknown magic byte! ${magic === undefined ? 'There are no bytes' : `It is ${magic}`}, so no schema registry's serializer wrote this`,
    )
  if (bytes.length < headLength) throw new DataError(`${bytes.length} bytes cannot hold the id of a schema`)
  const schema = magic === BY_ID ? idOf(bytes) : guidOf(bytes)
  if (type !== 'PROTOBUF') return { schema, indexes: none, payloadAt: headLength }
  let at = headLength
  const next = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || factor > 2 ** 28) throw new DataError('The place of the message cannot be read')
      value += (byte & 127) * factor
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }
  const count = next()
  if (count === 0) return { schema, indexes: first, payloadAt: at }
  if (count < 0 || count > bytes.length - at) throw new DataError('The place of the message cannot be read')
  const indexes: number[] = []
  for (let index = 0; index < count; index++) indexes.push(next())
  return { schema, indexes, payloadAt: at }
}

const idOf = (bytes: Uint8Array): number => ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0

const guidOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(1, 17))
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
